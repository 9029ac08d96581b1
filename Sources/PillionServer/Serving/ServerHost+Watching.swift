import Logging
import PillionDatabase
import PillionInterceptors
import PillionTransport

extension ServerHost {
  /// Reloads from now on what may change while the server runs: certificates, and with `--dev` the definitions.
  package func watchFiles() {
    watchers = makeWatchers()
    do throws(DatabaseError) {
      for watcher in watchers { try watcher.start() }
    } catch {
      logger.error("files are not watched, and changes have to wait for a restart: \(error.description)")
    }
  }

  private func makeWatchers() -> [FileWatcher] {
    let (transport, assembly, drift, check) = (transport, assembly, drift, check)
    var watchers: [FileWatcher] = []
    if let files {
      let reloader = CertificateReloader(files: files, outcomes: metrics.certificateReloads, logger: logger) {
        transport.replaceCredentials($0)
      }
      watchers.append(reloader.watcher)
    }
    if let reloader {
      let watcher = reloader.watcher(outcomes: metrics.definitionReloads) { definitions in
        let router = assembly.router(for: definitions)
        drift.replace(definitions)
        waitFor { await transport.replaceRouter(router) }
        for problem in assembly.problems(in: definitions) { Terminal.complain("error: \(problem)") }
        for finding in assembly.gaps(in: definitions) + check.findings(definitions).map(\.diagnostic) {
          Terminal.complain(SourceExcerpt(finding).text)
        }
      }
      watchers.append(watcher)
    }
    return watchers
  }

  /// Gives the service manager signs of life, if it wants any.
  func supervise(_ manager: ServiceManager?) {
    guard let manager, let milliseconds = manager.keepaliveMilliseconds else { return }
    let watchdog = Watchdog(group: group, milliseconds: milliseconds) { manager.keepalive() }
    do throws(DatabaseError) {
      try watchdog.start()
      teardown.add { watchdog.stop() }
    } catch {
      logger.error("the service manager gets no sign of life: \(error.description)")
    }
  }

  /// Opens anew the files that layers write, as another program has moved them.
  func reopenFiles() {
    for case let layer as any Reopening in layers { layer.reopen() }
  }
}
