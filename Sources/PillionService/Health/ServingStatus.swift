package import PillionDatabase
import Synchronization

/// `grpc.health.v1.HealthCheckResponse.ServingStatus`.
enum ServingStatus: UInt64, Sendable {
  case serving = 1
  case notServing = 2
  /// Watch only: the server has no such service, yet.
  case serviceUnknown = 3
}

/// What `grpc.health.v1.Health` answers from: the services that exist, whether their database answers, and whether the
/// server is on its way out.
package final class HealthState: Sendable {
  private struct State {
    var services: Set<String> = []
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

  /// From now on nothing is serving, and watchers are told and sent away.
  package func shutDown() {
    state.withLock { $0.isShuttingDown = true }
  }

  var isShuttingDown: Bool { state.withLock { $0.isShuttingDown } }

  /// The empty name is the server as a whole.
  func status(of service: String) -> ServingStatus {
    let (isKnown, isShuttingDown) = state.withLock {
      (service.isEmpty || $0.services.contains(service), $0.isShuttingDown)
    }
    guard isKnown else { return .serviceUnknown }
    return driver.isAvailable && !isShuttingDown ? .serving : .notServing
  }
}
