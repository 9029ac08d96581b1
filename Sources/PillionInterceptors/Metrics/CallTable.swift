import PillionTransport

/// What is counted of each method's calls: one row of plain numbers a method, so that a call costs a few additions.
struct CallTable: Sendable {
  /// Upper bounds of the buckets of a call's time, in seconds.
  static let bounds: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  private static let nanosecondBounds = bounds.map { Int64($0 * 1e9) }
  /// OK to UNAUTHENTICATED.
  static let codes = 17

  // The columns of a row.
  private static let started = 0
  private static let received = 1
  private static let sent = 2
  private static let receivedBytes = 3
  private static let sentBytes = 4
  private static let rows = 5
  private static let nanoseconds = 6
  private static let handled = 7
  private static let buckets = handled + codes
  private static let width = buckets + bounds.count + 1

  private var numbers: [Int] = []

  /// Rows that there are; row 0 is that of unknown methods.
  var count: Int { numbers.count / Self.width }

  mutating func callBegan(_ method: Int) {
    let row = method &* Self.width
    if row &+ Self.width > numbers.count { grow(to: method) }
    numbers[row &+ Self.started] &+= 1
  }

  /// `callBegan` has been called for the method.
  mutating func callEnded(_ method: Int, _ call: ServerCall, _ summary: CallSummary) {
    let row = method &* Self.width
    guard row &+ Self.width <= numbers.count else { return }
    let code = summary.status.rawValue
    // A code that gRPC does not define counts as UNKNOWN.
    numbers[row &+ Self.handled &+ ((0..<Self.codes).contains(code) ? code : 2)] &+= 1
    var bucket = 0
    while bucket < Self.nanosecondBounds.count, summary.durationNanoseconds > Self.nanosecondBounds[bucket] {
      bucket &+= 1
    }
    numbers[row &+ Self.buckets &+ bucket] &+= 1
    numbers[row &+ Self.nanoseconds] &+= Int(summary.durationNanoseconds)
    numbers[row &+ Self.received] &+= call.messageCount
    numbers[row &+ Self.sent] &+= call.responseMessages
    numbers[row &+ Self.receivedBytes] &+= summary.requestBytes
    numbers[row &+ Self.sentBytes] &+= summary.responseBytes
    numbers[row &+ Self.rows] &+= call.rowCount
  }

  private mutating func grow(to method: Int) {
    numbers += [Int](repeating: 0, count: (method + 1) * Self.width - numbers.count)
  }

  /// Adds another table's numbers.
  mutating func add(_ other: CallTable) {
    if other.numbers.count > numbers.count { grow(to: other.count - 1) }
    for index in other.numbers.indices { numbers[index] &+= other.numbers[index] }
  }

  func row(_ method: Int) -> Row {
    guard method < count else { return Row() }
    let start = method * Self.width
    func number(_ column: Int) -> Int { numbers[start + column] }
    return Row(
      started: number(Self.started), received: number(Self.received), sent: number(Self.sent),
      receivedBytes: number(Self.receivedBytes), sentBytes: number(Self.sentBytes), rows: number(Self.rows),
      nanoseconds: number(Self.nanoseconds), handled: (0..<Self.codes).map { number(Self.handled + $0) },
      buckets: (0...Self.bounds.count).map { number(Self.buckets + $0) })
  }

  struct Row {
    var started = 0
    var received = 0
    var sent = 0
    var receivedBytes = 0
    var sentBytes = 0
    var rows = 0
    var nanoseconds = 0
    /// By status code.
    var handled = [Int](repeating: 0, count: CallTable.codes)
    /// One a bound, and one for what is above them all.
    var buckets = [Int](repeating: 0, count: CallTable.bounds.count + 1)
  }
}
