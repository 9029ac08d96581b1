import CPillionHTTP2
import NIOCore

/// Why the server ends a connection that did what it may not: the code and the words of a GOAWAY frame.
struct Violation {
  var code: nghttp2_error_code
  var text: String

  static let tooManyFrames = Violation(code: NGHTTP2_ENHANCE_YOUR_CALM, text: "too many frames without a message")
  static let tooManyLostCalls = Violation(code: NGHTTP2_ENHANCE_YOUR_CALM, text: "too many streams that were reset")
  /// gRPC's own words: a client that reads them pings less often (proposal A8).
  static let tooManyPings = Violation(code: NGHTTP2_ENHANCE_YOUR_CALM, text: "too_many_pings")
  static let headersTooLong = Violation(code: NGHTTP2_ENHANCE_YOUR_CALM, text: "the header list is far too long")
  static let unfinishedFrame = Violation(code: NGHTTP2_ENHANCE_YOUR_CALM, text: "a frame did not come whole in time")
  static let noSettings = Violation(code: NGHTTP2_SETTINGS_TIMEOUT, text: "no SETTINGS came in time")
  static let strayPriority = Violation(code: NGHTTP2_PROTOCOL_ERROR, text: "PRIORITY of no stream")
  static let tooManyConnections = Violation(code: NGHTTP2_ENHANCE_YOUR_CALM, text: "too many connections")
  static let internalError = Violation(code: NGHTTP2_INTERNAL_ERROR, text: "")

  /// The GOAWAY frame (RFC 9113 §6.8): streams up to `lastStream` were or may have been served.
  func frame(lastStream: Int32) -> [UInt8] {
    let payload = Self.bytes(UInt32(clamping: lastStream)) + Self.bytes(code.rawValue) + text.utf8
    let head =
      Self.bytes(UInt32(clamping: payload.count)).dropFirst() + [UInt8(NGHTTP2_GOAWAY.rawValue), 0, 0, 0, 0, 0]
    return head + payload
  }

  private static func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}

extension Connection {
  /// Says why and closes. What nghttp2 still has to send is not sent: its session is of no use after a callback failed.
  func end(for violation: Violation) {
    guard let context else { return close() }
    let last = session.map { nghttp2_session_get_last_proc_stream_id($0.pointer) } ?? 0
    let frame = violation.frame(lastStream: max(0, last))
    context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: frame)), promise: nil)
    close()
  }

  /// Turns away a connection for which there is no place, before it has said a word.
  func refuse() {
    guard let context else { return }
    let emptySettings: [UInt8] = [0, 0, 0, UInt8(NGHTTP2_SETTINGS.rawValue), 0, 0, 0, 0, 0]
    context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: emptySettings)), promise: nil)
    end(for: .tooManyConnections)
  }
}
