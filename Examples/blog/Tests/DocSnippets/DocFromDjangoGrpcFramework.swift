// swift-format-ignore-file
// Written by scripts/doc-snippets; not to be edited.

/// The blocks of docs/from-django-grpc-framework.md.
enum DocFromDjangoGrpcFramework {}
