// swift-format-ignore-file
// Written by scripts/doc-snippets; not to be edited.

/// The blocks of docs/embedding.md.
enum DocEmbedding {}
