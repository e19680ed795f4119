"""What a person types. A command parses, calls one thing and renders; importing one loads nothing heavy."""
