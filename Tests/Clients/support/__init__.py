"""What the tests share: databases, projects, the server's process, and clients made from the generated protos."""
