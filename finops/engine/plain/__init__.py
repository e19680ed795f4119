"""The engine without a compiler: protobuf and plain loops. The oracle and fallback of any other."""
