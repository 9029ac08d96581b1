import PillionProto

/// The definition files that a folder has.
enum DefinitionFolder {
  /// Every `*.yaml` and `*.yml` directly in the folder, by name; none if there is no folder.
  static func files(in folder: String) throws(ProtoOutputError) -> [DefinitionMerge.File] {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    let names = try FileAccess.names(in: folder).filter {
      !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml"))
    }
    var files: [DefinitionMerge.File] = []
    for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      guard let text = TextFile.read(prefix + name) else {
        throw ProtoOutputError(path: prefix + name, operation: "read", cause: "it is no text in UTF-8")
      }
      files.append((prefix + name, text))
    }
    return files
  }
}
