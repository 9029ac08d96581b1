import NIOCore
import NIOHTTP1
import PillionInterceptors
import PillionSchema
import PillionService
import Synchronization

/// `/live`, `/ready`, `/metrics` and `/config`.
final class ServerPages: AdminPages {
  private let health: HealthState
  private let metrics: ServerMetrics
  private let configuration: String
  private let isListening = Atomic<Bool>(false)

  /// `configuration`: as `--print-config` prints it, secrets masked.
  init(health: HealthState, metrics: ServerMetrics, configuration: String) {
    self.health = health
    self.metrics = metrics
    self.configuration = configuration
  }

  /// Calls are taken from here on.
  func noteListening() { isListening.store(true, ordering: .relaxed) }

  func page(_ path: String, on eventLoop: any EventLoop) -> EventLoopFuture<AdminPage>? {
    switch path {
    case "/live": eventLoop.makeSucceededFuture(Self.json("{\"status\":\"live\"}"))
    case "/ready": eventLoop.makeSucceededFuture(ready)
    case "/metrics":
      metrics.page(on: eventLoop).map { AdminPage(contentType: PrometheusText.contentType, body: $0) }
    case "/config": eventLoop.makeSucceededFuture(AdminPage(body: configuration + "\n"))
    default: nil
    }
  }

  private var ready: AdminPage {
    var reasons = health.hindrances
    if !isListening.load(ordering: .relaxed) { reasons.append("the server does not listen yet") }
    guard !reasons.isEmpty else { return Self.json("{\"status\":\"ready\"}") }
    let list = reasons.map(QuotedText.json).joined(separator: ",")
    var page = Self.json("{\"status\":\"not ready\",\"reasons\":[\(list)]}")
    page.status = .serviceUnavailable
    return page
  }

  private static func json(_ text: String) -> AdminPage {
    AdminPage(contentType: "application/json", body: text + "\n")
  }
}
