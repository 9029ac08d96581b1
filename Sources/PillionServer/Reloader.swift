import Glibc
import Logging
import PillionDatabase
import PillionSchema
import Synchronization

/// Watches the models folder, and hands on new definitions when they are right.
///
/// Looks every half second: names, sizes and times of change; no file-system notification reaches every kind of mount.
final class Reloader: Sendable {
  private let configuration: Configuration
  private let accepted: Set<String>
  private let logger: Logger
  private let apply: @Sendable (Definitions) -> Void
  private let isStopped = Atomic<Bool>(false)

  init(
    configuration: Configuration, accepted: Set<String>, logger: Logger,
    apply: @escaping @Sendable (Definitions) -> Void
  ) {
    self.configuration = configuration
    self.accepted = accepted
    self.logger = logger
    self.apply = apply
  }

  func start() {
    do throws(DatabaseError) {
      try LaneThread(name: "reload") { self.watch() }.detach()
    } catch {
      logger.error("definitions will not be reloaded: \(error.description)")
    }
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  private func watch() {
    var seen = fingerprint()
    while !isStopped.load(ordering: .relaxed) {
      usleep(500_000)
      let now = fingerprint()
      guard now != seen else { continue }
      seen = now
      reload()
    }
  }

  private func reload() {
    let loaded = Definitions.load(configuration, accepting: accepted)
    Terminal.complain(loaded.diagnostics)
    guard let definitions = loaded.definitions else {
      logger.error("the definitions have errors; the ones before go on being served")
      return
    }
    apply(definitions)
    logger.info("definitions reloaded", metadata: ["models": "\(definitions.schema.models.count)"])
  }

  /// What changes when a file changes.
  private func fingerprint() -> [String] {
    guard let folder = opendir(configuration.models) else { return [] }
    defer { closedir(folder) }
    var entries: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var information = stat()
      guard name.hasSuffix(".yaml") || name.hasSuffix(".yml"),
        stat("\(configuration.models)/\(name)", &information) == 0
      else { continue }
      let time = information.st_mtim
      entries.append("\(name) \(information.st_size) \(time.tv_sec).\(time.tv_nsec)")
    }
    return entries.sorted()
  }
}
