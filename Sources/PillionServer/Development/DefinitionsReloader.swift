import Glibc
import Logging
import PillionProto
import PillionSchema
import Synchronization

/// `serve --dev`: when the models folder or the lock has changed and is right, writes the protos and hands on the new
/// definitions; when it is wrong, shows where, and what was there before goes on being served.
final class DefinitionsReloader: Sendable {
  /// Two looks in succession have to agree, so a save is seen after 100 to 200 ms.
  private static let milliseconds: UInt32 = 100

  private let configuration: Configuration
  /// Breaking changes that `--accept-breaking` names.
  private let accepted: Set<String>
  private let logger: Logger
  /// The files as they were before anybody read them.
  private let known: [String]
  /// The lock as this process wrote it, and as it was when that write was decided on: no change worth a reload.
  private let ownLock = Mutex<(written: String, before: String)?>(nil)

  /// To be made before the definitions are read for the first time, so that no save is missed.
  init(configuration: Configuration, accepted: Set<String>, logger: Logger) {
    self.configuration = configuration
    self.accepted = accepted
    self.logger = logger
    known = Self.definitions(configuration) + [FileWatcher.entry(Self.lockPath(configuration))]
  }

  func watcher(outcomes: EventCounts, _ apply: @escaping @Sendable (Definitions) -> Void) -> FileWatcher {
    FileWatcher(milliseconds: Self.milliseconds, known: known, fingerprint: fingerprint) {
      outcomes.note(self.reload(apply) ? "ok" : "failed")
    }
  }

  /// Writes the protos and the lock where they differ from the definitions.
  func writeProtos(_ definitions: Definitions) {
    let before = lockEntry
    do throws(ProtoOutputError) {
      let written = try ProtoOutput.write(definitions.protos, to: configuration.protos)
      for name in written { logger.info("wrote \(configuration.protos)/\(name)") }
    } catch {
      logger.error("the protos are not written: \(error.description)")
    }
    let after = FileWatcher.entry(Self.lockPath(configuration))
    if after != before { ownLock.withLock { $0 = (written: after, before: before) } }
  }

  /// Whether the new definitions are served.
  private func reload(_ apply: (Definitions) -> Void) -> Bool {
    let loaded = Definitions.load(configuration, accepting: accepted)
    for diagnostic in loaded.diagnostics { Terminal.complain(SourceExcerpt(diagnostic).text) }
    guard let definitions = loaded.definitions else {
      logger.error("the definitions have errors; the ones before go on being served")
      return false
    }
    writeProtos(definitions)
    apply(definitions)
    logger.info("definitions reloaded", metadata: ["models": "\(definitions.schema.models.count)"])
    return true
  }

  private static func lockPath(_ configuration: Configuration) -> String {
    "\(configuration.protos)/\(Lock.fileName)"
  }

  private var lockEntry: String {
    let entry = FileWatcher.entry(Self.lockPath(configuration))
    return ownLock.withLock { own in
      guard let own, own.written == entry else { return entry }
      return own.before
    }
  }

  private func fingerprint() -> [String] { Self.definitions(configuration) + [lockEntry] }

  private static func definitions(_ configuration: Configuration) -> [String] {
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
