// swift-format-ignore-file
// Written by scripts/doc-snippets; not to be edited.

/// The blocks of Sources/Pillion/Pillion.docc/Pillion.md.
enum DocPillion {}
