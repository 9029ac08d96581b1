import Glibc
import Logging
import PillionSchema

/// Hands on new definitions when the models folder has changed and they are right.
struct DefinitionsReloader: Sendable {
  let configuration: Configuration
  /// Breaking changes that `--accept-breaking` names.
  let accepted: Set<String>
  let outcomes: EventCounts
  let logger: Logger
  let apply: @Sendable (Definitions) -> Void

  var watcher: FileWatcher {
    FileWatcher(milliseconds: 250, known: fingerprint(), fingerprint: fingerprint) { reload() }
  }

  private func reload() {
    let loaded = Definitions.load(configuration, accepting: accepted)
    Terminal.complain(loaded.diagnostics)
    guard let definitions = loaded.definitions else {
      outcomes.note("failed")
      logger.error("the definitions have errors; the ones before go on being served")
      return
    }
    apply(definitions)
    outcomes.note("ok")
    logger.info("definitions reloaded", metadata: ["models": "\(definitions.schema.models.count)"])
  }

  private func fingerprint() -> [String] {
    guard let folder = opendir(configuration.models) else { return [] }
    defer { closedir(folder) }
    var entries: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
        entries.append(FileWatcher.entry("\(configuration.models)/\(name)"))
      }
    }
    return entries.sorted()
  }
}
