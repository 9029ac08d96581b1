package import PillionDatabase
import Synchronization

/// `grpc.health.v1.HealthCheckResponse.ServingStatus`.
enum ServingStatus: UInt64, Sendable {
  case serving = 1
  case notServing = 2
  /// Watch only: the server has no such service, yet.
  case serviceUnknown = 3
}

/// What `grpc.health.v1.Health` answers from: the services that exist, whether their database answers and has their
/// tables, and whether the server is on its way out. One service without its table makes the whole server not ready.
package final class HealthState: Sendable {
  private struct State {
    var services: Set<String> = []
    /// Those whose tables or columns are gone.
    var drifted: Set<String> = []
    var isShuttingDown = false
  }
  private let state = Mutex(State())
  private let driver: any Driver

  package init(driver: any Driver) { self.driver = driver }

  /// Full names, such as `blog.PostController`; called again when definitions are reloaded.
  package func replaceServices(_ names: some Sequence<String>) {
    let names = Set(names)
    state.withLock { $0.services = names }
  }

  /// Full names of the services whose tables or columns the database no longer has.
  ///
  /// - Returns: those that went since the last time, and those that came back.
  package func replaceDrifted(_ names: Set<String>) -> (gone: Set<String>, back: Set<String>) {
    state.withLock { state in
      defer { state.drifted = names }
      return (names.subtracting(state.drifted), state.drifted.subtracting(names))
    }
  }

  /// From now on nothing is serving, and watchers are told and sent away.
  package func shutDown() {
    state.withLock { $0.isShuttingDown = true }
  }

  /// Why the server as a whole is not serving, for people; empty: it is.
  package var hindrances: [String] {
    let (drifted, isShuttingDown) = state.withLock { ($0.drifted.sorted(), $0.isShuttingDown) }
    var reasons: [String] = []
    if isShuttingDown { reasons.append("the server is shutting down") }
    if !driver.isAvailable { reasons.append("the database does not answer") }
    reasons += drifted.map { "a table or column of \($0) is gone" }
    return reasons
  }

  var isShuttingDown: Bool { state.withLock { $0.isShuttingDown } }

  /// The empty name is the server as a whole.
  func status(of service: String) -> ServingStatus {
    let (isKnown, isHindered) = state.withLock { state in
      let hasDrifted = service.isEmpty ? !state.drifted.isEmpty : state.drifted.contains(service)
      return (service.isEmpty || state.services.contains(service), state.isShuttingDown || hasDrifted)
    }
    guard isKnown else { return .serviceUnknown }
    // The service that answers needs no database: its own health is the process's, which is what a liveness probe asks.
    let isAble = service == HealthService.name || driver.isAvailable
    return isAble && !isHindered ? .serving : .notServing
  }
}
