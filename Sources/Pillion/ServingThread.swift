import Dispatch
import PillionDatabase
package import PillionServer

/// A server on a thread of its own: its parts wait for each other, which a task must not.
package struct ServingThread: Sendable {
  package typealias Begin = @Sendable (ServerHost) throws(StartFailure) -> Void

  private let options: ServeOptions
  private let begin: Begin
  private let stop = DispatchSemaphore(value: 0)

  /// - Parameter begin: called on the thread once the server is made.
  package init(_ options: ServeOptions, begin: @escaping Begin) {
    self.options = options
    self.begin = begin
  }

  /// Returns when the server has ended, which it does when the task is cancelled.
  package func run() async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        do throws(DatabaseError) {
          try LaneThread(name: "serve") { continuation.resume(with: serve()) }.detach()
        } catch {
          continuation.resume(throwing: ServerError(StartFailure(.unavailable, error: error.description)))
        }
      }
    } onCancel: {
      stop.signal()
    }
  }

  private func serve() -> Result<Void, any Error> {
    do throws(StartFailure) {
      let host = try ServerHost(options)
      defer { host.close(grace: .milliseconds(options.configuration.shutdownGraceMilliseconds)) }
      try begin(host)
      stop.wait()
      return .success(())
    } catch {
      return .failure(ServerError(error))
    }
  }
}
