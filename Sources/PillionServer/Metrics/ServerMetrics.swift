import NIOCore
import PillionDatabase
import PillionInterceptors
import PillionQuery
import PillionService
import PillionTransport
import Synchronization

/// The page of `/metrics`: what the parts of the server count, read when it is asked for.
final class ServerMetrics: Sendable {
  /// Of `metrics` among the interceptors; nil: calls are not counted.
  let calls: CallMetrics?
  private let driver: any Driver
  /// Nil: the program has no code that would use one.
  private let sessions: SessionPool?
  private let health: HealthState
  private let pageTokens: PageTokenCounts
  /// Errors of the database by their reason in `docs/errors.md`.
  let databaseErrors = EventCounts()
  let definitionReloads = EventCounts(["ok", "failed"])
  let certificateReloads = EventCounts(["ok", "failed"])
  private let transport = Mutex<TransportServer?>(nil)
  private let more: [any MetricsSource]

  /// `layers`: those of the chain, of which some have numbers of their own.
  init(
    layers: [any Interceptor], driver: any Driver, sessions: SessionPool?, health: HealthState,
    pageTokens: PageTokenCounts
  ) {
    calls = layers.lazy.compactMap { $0 as? CallMetrics }.first
    more = layers.compactMap { $0 as? any MetricsSource }
    self.driver = driver
    self.sessions = sessions
    self.health = health
    self.pageTokens = pageTokens
  }

  /// The server whose connections are counted.
  func observe(_ server: TransportServer) { transport.withLock { $0 = server } }

  func page(on eventLoop: any EventLoop) -> EventLoopFuture<String> {
    var page = PrometheusText()
    page.family("pillion_build_info", .gauge, "The version that runs.")
    page.sample("pillion_build_info", [("version", PillionVersion.current)], 1)
    page.single("pillion_ready", .gauge, "1: what /ready says.", health.hindrances.isEmpty ? 1 : 0)
    appendTransport(to: &page)
    appendDatabase(to: &page)
    append(definitionReloads, certificateReloads, to: &page)
    page.family("pillion_page_token_errors_total", .counter, "Page tokens that were not taken, by the reason.")
    for (reason, count) in pageTokens.values {
      page.sample("pillion_page_token_errors_total", [("reason", reason)], count)
    }
    for source in more { source.append(to: &page) }
    appendProcess(to: &page)
    return calls?.append(to: page, on: eventLoop) ?? eventLoop.makeSucceededFuture(page.text)
  }

  private func appendTransport(to page: inout PrometheusText) {
    guard let statistics = transport.withLock({ $0?.statistics }) else { return }
    page.single("pillion_connections", .gauge, "Connections of clients.", statistics.connections)
    page.single(
      "pillion_connections_opened_total", .counter, "Connections of clients so far.", statistics.opened)
    page.single(
      "pillion_connections_refused_total", .counter, "Connections that were one too many.", statistics.refused)
    page.single(
      "pillion_reserved_bytes", .gauge, "Bytes reserved for messages that the server holds.", statistics.reservedBytes)
  }

  private func appendDatabase(to page: inout PrometheusText) {
    let statistics = driver.statistics
    let lanes = statistics.lanes + (sessions.map { [$0.statistics] } ?? [])
    page.single("pillion_database_up", .gauge, "1: the database answered when last asked.", driver.isAvailable ? 1 : 0)
    func family(
      _ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (DriverStatistics.Lane) -> Int
    ) {
      page.family(name, kind, help)
      for lane in lanes { page.sample(name, [("lane", lane.name)], value(lane)) }
    }
    family("pillion_database_connections", .gauge, "Connections to the database.") { $0.connections }
    family("pillion_database_connections_busy", .gauge, "Those of them that work.") { $0.busy }
    family("pillion_database_connections_limit", .gauge, "How many there may be.") { $0.limit }
    family("pillion_database_queue_length", .gauge, "Calls that wait for a connection.") { $0.waiting }
    family("pillion_database_waits_total", .counter, "Calls that had to wait for a connection.") { $0.waits }
    family("pillion_database_refusals_total", .counter, "Calls that found the queue full.") { $0.refusals }
    page.single(
      "pillion_database_statements_prepared_total", .counter, "Statements prepared, on whichever connection.",
      statistics.statements.prepared)
    page.single(
      "pillion_database_statements_evicted_total", .counter, "Prepared statements given up to make room.",
      statistics.statements.evicted)
    page.family("pillion_database_errors_total", .counter, "Errors of the database, by the reason that clients read.")
    for (reason, count) in databaseErrors.sorted {
      page.sample("pillion_database_errors_total", [("reason", reason)], count)
    }
  }

  private func append(_ definitions: EventCounts, _ certificates: EventCounts, to page: inout PrometheusText) {
    page.family("pillion_reloads_total", .counter, "Reloads while the server runs.")
    for (kind, counts) in [("definitions", definitions), ("certificate", certificates)] {
      for (outcome, count) in counts.sorted {
        page.sample("pillion_reloads_total", [("kind", kind), ("outcome", outcome)], count)
      }
    }
  }

  private func appendProcess(to page: inout PrometheusText) {
    let process = ProcessStatistics.now()
    page.single("process_cpu_seconds_total", .counter, "Processor time, user and system.", process.cpuSeconds)
    page.single("process_start_time_seconds", .gauge, "When the process began, in Unix time.", process.startTime)
    page.single("process_resident_memory_bytes", .gauge, "Physical memory.", process.residentBytes)
    page.single("process_virtual_memory_bytes", .gauge, "Address space.", process.virtualBytes)
    page.single("process_open_fds", .gauge, "Open file descriptors.", process.openDescriptors)
    page.single("process_max_fds", .gauge, "How many there may be.", process.maxDescriptors)
    page.single("process_threads", .gauge, "Threads.", process.threads)
  }
}
