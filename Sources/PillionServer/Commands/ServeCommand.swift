import Logging
import PillionInterceptors

/// `pillion serve`, and what an executable that embeds Pillion runs: serves until SIGTERM or SIGINT.
package struct ServeCommand {
  package var options: ServeOptions

  package init(_ options: ServeOptions) { self.options = options }

  package func run() -> ExitStatus {
    do throws(StartFailure) {
      try serve()
      return .success
    } catch {
      for message in error.messages { Terminal.complain(message) }
      return error.status
    }
  }

  private func serve() throws(StartFailure) {
    // Before any thread exists, so that all inherit it: signals are waited for, never delivered.
    let signals = TerminationSignals(takesHangUp: options.configuration.interceptors.contains("audit"))
    let host = try ServerHost(options)
    let manager = ServiceManager()
    let addresses: BoundAddresses
    do throws(StartFailure) {
      addresses = try host.listen()
    } catch {
      host.close(grace: .zero)
      throw error
    }
    host.announce(addresses)
    host.watchFiles()
    host.supervise(manager)
    manager?.ready("listening on \(addresses.listen.map(\.description).joined(separator: ", "))")

    let signal = signals.wait { host.reopenFiles() }
    manager?.stopping()
    let grace = options.configuration.shutdownGraceMilliseconds
    host.logger.info("\(signal): finishing calls in flight", metadata: ["grace_ms": "\(grace)"])
    signals.exitOnNext()
    host.close(grace: .milliseconds(grace))
    host.logger.info("stopped")
  }
}
