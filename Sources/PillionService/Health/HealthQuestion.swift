import PillionWire

/// What a client of `grpc.health.v1.Health` sends to Check and reads of its answer.
package enum HealthQuestion {
  package static let path = "/\(HealthService.name)/Check"

  /// `HealthCheckRequest`; the empty name is the server as a whole.
  package static func request(service: String) -> [UInt8] {
    guard !service.isEmpty else { return [] }
    var writer = WireWriter()
    writer.append(tag: 1, wireType: 2)
    writer.append(varint: UInt64(service.utf8.count))
    return Array(writer.bytes) + Array(service.utf8)
  }

  /// `SERVING` and so on, as `HealthCheckResponse` has it; nil: the bytes are no such message.
  package static func status(in response: [UInt8]) -> String? {
    // A status of UNKNOWN is not written at all.
    if response.isEmpty { return "UNKNOWN" }
    guard response.count == 2, response[0] == 0x08 else { return nil }
    switch ServingStatus(rawValue: UInt64(response[1])) {
    case .serving: return serving
    case .notServing: return "NOT_SERVING"
    case .serviceUnknown: return "SERVICE_UNKNOWN"
    case nil: return nil
    }
  }

  package static let serving = "SERVING"
}
