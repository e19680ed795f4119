"""The database and the blob store. Functions take a Session and give domain types; nothing here commits."""
