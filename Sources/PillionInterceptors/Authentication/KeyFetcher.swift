package import NIOCore
import PillionQuery
import Synchronization

/// Keeps a key set that an identity provider publishes.
///
/// It is fetched when the server starts and every `interval` then. A token whose `kid` is not in it has it fetched at
/// once, but such tokens do so every ten seconds at most, however many of them come. A fetch that fails leaves the set
/// as it is.
package final class KeyFetcher: Sendable {
  /// What the operator is told.
  package enum Event: Sendable {
    case fetched(KeySet)
    case failed(String)
  }

  private struct State {
    /// One fetch for all that wait for it.
    var fetch: Task<Void, Never>?
    /// When an unknown key last had the set fetched; never: nil.
    var demanded: NIODeadline?
    var hasSucceeded = false
    var text: [UInt8] = []
  }

  /// Between two fetches because of unknown keys.
  package static let demandInterval = TimeAmount.seconds(10)
  private static let maximumBytes = 1 << 20

  private let url: HTTPURL
  private let client: HTTPClient
  private let allowed: Set<SignatureAlgorithm>?
  private let interval: Duration
  private let keys: Replaceable<KeySet>
  private let report: @Sendable (Event) -> Void
  private let state = Mutex(State())
  private let polling = Mutex<Task<Void, Never>?>(nil)

  package init(
    url: HTTPURL, client: HTTPClient, allowed: Set<SignatureAlgorithm>?, interval: Duration,
    keys: Replaceable<KeySet>, report: @escaping @Sendable (Event) -> Void
  ) {
    self.url = url
    self.client = client
    self.allowed = allowed
    self.interval = interval
    self.keys = keys
    self.report = report
  }

  package func start() {
    let task = Task {
      while !Task.isCancelled {
        await self.fetch().value
        // Until there are keys nobody gets in, so that is tried more often.
        let wait = self.hasKeys ? self.interval : min(self.interval, .seconds(2))
        do { try await Task.sleep(for: wait) } catch { return }
      }
    }
    polling.withLock { $0 = task }
  }

  package func stop() { polling.withLock { $0 }?.cancel() }

  /// Whether a set was ever fetched.
  package var hasKeys: Bool { state.withLock { $0.hasSucceeded } }

  /// What a token of an unknown key may wait for; nil: it has been waited for recently, and the set does not have it.
  package func demand(now: NIODeadline = .now()) -> Task<Void, Never>? {
    let isDue = state.withLock { state in
      if state.fetch != nil { return true }
      if let last = state.demanded, now - last < Self.demandInterval { return false }
      state.demanded = now
      return true
    }
    return isDue ? fetch() : nil
  }

  /// The fetch that is under way, or a new one.
  private func fetch() -> Task<Void, Never> {
    state.withLock { state in
      if let fetch = state.fetch { return fetch }
      let fetch = Task { await self.fetchOnce() }
      state.fetch = fetch
      return fetch
    }
  }

  private func fetchOnce() async {
    var event: Event?
    do throws(HTTPClient.Failure) {
      let response = try await client.send(HTTPClient.Request(url: url, maximumBytes: Self.maximumBytes))
      guard response.status == 200 else { throw HTTPClient.Failure("the answer is HTTP \(response.status)") }
      let isNew = state.withLock { $0.text != response.body || !$0.hasSucceeded }
      if isNew {
        do throws(VerificationKey.Unreadable) {
          let set = try KeySet(json: response.body, allowed: allowed)
          keys.replace(set)
          event = .fetched(set)
        } catch {
          throw HTTPClient.Failure("the answer \(error.description)")
        }
      }
      state.withLock { state in
        state.fetch = nil
        state.hasSucceeded = true
        state.text = response.body
      }
    } catch {
      state.withLock { $0.fetch = nil }
      event = .failed("\(url): \(error.description)")
    }
    if let event { report(event) }
  }
}
