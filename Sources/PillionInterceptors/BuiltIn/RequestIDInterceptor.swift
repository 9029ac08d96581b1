import PillionSchema
package import PillionTransport

/// `request_id`: gives every call a name, the client's own if it sent one that is well-formed.
///
/// Later layers, log lines and errors find it in `call.requestID`, the client in the response's headers.
package struct RequestIDInterceptor: Interceptor {
  package static let definition = InterceptorDefinition(
    name: "request_id", summary: "Takes or makes a request id, for logs, errors and the client.",
    settings: [
      Setting(
        path: "header", kind: .text, defaultValue: "x-request-id",
        summary: "Metadata key that a client's id is taken from and every answer has it in."),
      Setting(
        path: "sql_comment", kind: .flag, defaultValue: "false",
        summary: "PostgreSQL: whether statements carry the id in a comment; they are then not prepared."),
    ]
  ) { (settings, context) throws(InterceptorError) in
    let header = settings.text("header") ?? ""
    guard ServerCall.isMetadataName(header), !header.hasSuffix("-bin") else {
      throw settings.error(
        "header", "'request_id.header' expected a metadata key: lower-case letters, digits, '-', '_' and '.'")
    }
    return RequestIDInterceptor(
      header: header, commentsSQL: settings.flag("sql_comment"), loops: context.loops)
  }

  /// Ids of clients may be so long.
  static let maximumLength = 128

  private let header: String
  private let commentsSQL: Bool
  private let makers: PerLoop<RequestIDMaker>

  package init(header: String = "x-request-id", commentsSQL: Bool = false, loops: Int) {
    self.header = header
    self.commentsSQL = commentsSQL
    makers = PerLoop(loops: loops) { _ in RequestIDMaker() }
  }

  package func begin(_ call: ServerCall) -> Verdict {
    if let sent = call.metadata[header], Self.isWellFormed(sent) {
      call.name(.given(sent), header: header)
    } else {
      call.name(.made(makers[call].next()), header: header)
    }
    if commentsSQL { call.tellsRequestID = true }
    return .proceed
  }

  /// 1 to 128 letters, digits and `-_.:/+=@`: nothing that could end a line, a quotation or a comment.
  static func isWellFormed(_ id: String) -> Bool {
    (1...maximumLength).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        case UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "@"): true
        default: false
        }
      }
  }
}

/// Makes ids of 64 bits: no two of one process are equal, and those of several processes are not but by a rare chance.
///
/// A counter through a mixing function that maps no two numbers to one (Steele, Lea and Flood, 2014: SplitMix64); the
/// system's random numbers, for which there is a system call each, only give it its start.
final class RequestIDMaker {
  private var state = UInt64.random(in: .min ... .max)

  func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
