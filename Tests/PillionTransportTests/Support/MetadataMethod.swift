import Synchronization

@testable import PillionTransport

/// The names of metadata that a call refused to add.
final class ResultBox: Sendable {
  private let names = Mutex<[String]>([])
  var refused: [String] { names.withLock { $0 } }
  func add(_ name: String) { names.withLock { $0.append(name) } }
}

/// Adds good and bad metadata and notes what was refused.
final class MetadataMethod: MethodHandler {
  let results: ResultBox

  init(results: ResultBox) { self.results = results }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    let pairs = [
      ("good", "yes"), ("", "x"), ("Upper", "x"), ("grpc-x", "x"), (":status", "200"), ("te", "x"), ("sp ace", "x"),
      ("v1", "line\nbreak"), ("v2", " leading"), ("v3", "é"), ("big", String(repeating: "x", count: 9000)),
    ]
    for (name, value) in pairs where !call.addTrailer(name, value) { results.add(name) }
    if !call.addHeader("x-early", "1") { results.add("x-early") }
    let handler = ClosureHandler()
    handler.requestEnd = { $0.finish(.ok) }
    return handler
  }
}
