import Dispatch
import Glibc
import PillionDatabase
import PillionSchema
import Synchronization
import Testing

/// A mailbox that a test empties by itself. Like an event loop's, it has a thread.
final class TestMailbox: Mailbox {
  private static let isOwnThread = DispatchSpecificKey<Bool>()

  private let inbox = Locked<[Job]>([])
  private let queue = DispatchQueue(label: "mailbox")
  private let direct = Atomic<Int>(0)
  /// Whether every thread passes for the mailbox's own.
  let isOwnThread: Bool

  init(isOwnThread: Bool = false) {
    self.isOwnThread = isOwnThread
    queue.setSpecific(key: Self.isOwnThread, value: true)
  }

  /// Jobs whose answers the mailbox's own thread has read.
  var directCount: Int { direct.load(ordering: .relaxed) }

  func deliver(_ jobs: ContiguousArray<Job>) {
    if DispatchQueue.getSpecific(key: Self.isOwnThread) == true { direct.add(jobs.count, ordering: .relaxed) }
    inbox.withLock { $0.append(contentsOf: jobs) }
  }

  func whenIdle(_ work: @escaping @Sendable () -> Void) -> Bool {
    queue.async(execute: work)
    return true
  }

  func takeAll() -> [Job] {
    inbox.withLock { jobs in
      defer { jobs.removeAll() }
      return jobs
    }
  }

  /// Waits until `count` jobs have come.
  func take(_ count: Int, within seconds: Double = 60) throws -> [Job] {
    var jobs: [Job] = []
    let end = monotonicNow() + UInt64(seconds * 1e9)
    while true {
      jobs += takeAll()
      if jobs.count >= count { return jobs }
      guard monotonicNow() < end else { throw TestFailure("\(jobs.count) of \(count) jobs came back in \(seconds) s") }
      usleep(200)
    }
  }
}

struct TestFailure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

func monotonicNow() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A bound value, before a dialect has its say.
enum TestValue: Sendable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
  case int(Int64)
  case text(String)
  case null

  init(integerLiteral value: Int64) { self = .int(value) }
  init(stringLiteral value: String) { self = .text(value) }
  init(nilLiteral: ()) { self = .null }

  /// PostgreSQL's OIDs of bigint and text; 0: unknown.
  var parameterType: UInt32 {
    switch self {
    case .int: 20
    case .text: 25
    case .null: 0
    }
  }
}

extension Dialect {
  func parameters(_ values: [TestValue]) -> Parameters {
    var parameters = Parameters(capacity: values.count)
    for value in values {
      switch (value, self) {
      case (.null, _): parameters.appendNull()
      case (.int(let number), .sqlite): parameters.append(integer: number)
      case (.int(let number), .postgresql): parameters.append(bigEndian: number)
      case (.text(let text), _): parameters.append(text: text)
      }
    }
    return parameters
  }

  /// Writes placeholders, `#1` in the text, as the dialect does.
  func statement(_ sql: String, _ values: [TestValue]) -> Statement {
    let mark: Character = self == .sqlite ? "?" : "$"
    return Statement(String(sql.map { $0 == "#" ? mark : $0 }), parameterTypes: values.map(\.parameterType))
  }
}

/// A row of two columns, `id` and `title`, and the message that it becomes: `{ int64 id = 1; string title = 2; }`.
struct TestRow: Equatable {
  var id: Int64
  var title: String

  static func encoder(_ dialect: Dialect) -> RowEncoder {
    func column(_ name: String, _ number: Int32, _ type: ScalarType, _ scalar: ProtoScalar) -> RowEncoder.Column {
      RowEncoder.Column(
        shape: FieldShape(
          name: name, number: number, type: .scalar(scalar), label: .implicit, source: .field(Int(number) - 1)),
        field: Field(name: name, type: .scalar(type), location: SourceLocation(file: "test")))
    }
    return RowEncoder(
      columns: [column("id", 1, .int64, .int64), column("title", 2, .string, .string)], dialect: dialect)
  }

  /// Reads whole messages behind their five-byte prefixes.
  static func decode(_ bytes: [UInt8]) throws -> [TestRow] {
    var rows: [TestRow] = []
    var reader = TestReader(bytes: bytes[...])
    while !reader.bytes.isEmpty {
      try #require(reader.byte() == 0, "compressed flag")
      var length = 0
      for _ in 0..<4 { length = length << 8 | Int(try reader.byte()) }
      var message = TestReader(bytes: try reader.take(length))
      var row = TestRow(id: 0, title: "")
      while !message.bytes.isEmpty {
        switch try message.varint() {
        case 1 << 3: row.id = Int64(bitPattern: try message.varint())
        case 2 << 3 | 2:
          row.title = String(decoding: try message.take(Int(try message.varint())), as: UTF8.self)
        case let tag: throw TestFailure("unexpected tag \(tag)")
        }
      }
      rows.append(row)
    }
    return rows
  }
}

private struct TestReader {
  var bytes: ArraySlice<UInt8>

  mutating func byte() throws -> UInt8 {
    guard let byte = bytes.popFirst() else { throw TestFailure("a message ends early") }
    return byte
  }

  mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard bytes.count >= count else { throw TestFailure("a message ends early") }
    defer { bytes = bytes.dropFirst(count) }
    return bytes.prefix(count)
  }

  mutating func varint() throws -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let byte = try byte()
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw TestFailure("a varint without end")
  }
}

extension Operation.Outcome {
  var error: DatabaseError? {
    if case .failed(let error) = self { error } else { nil }
  }

  var isDone: Bool {
    if case .done = self { true } else { false }
  }

  var isNotFound: Bool {
    if case .notFound = self { true } else { false }
  }

  /// The one row of the response.
  var row: TestRow? {
    guard case .message(let bytes) = self, let rows = try? TestRow.decode(bytes), rows.count == 1 else { return nil }
    return rows[0]
  }
}

/// Takes what a stream has, as an event loop would.
final class StreamReader {
  let stream: RowStream
  let driver: any Driver
  let mailbox: TestMailbox
  private(set) var rows: [TestRow] = []
  private(set) var end: RowStream.End?
  /// The most bytes that ever waited at once.
  private(set) var mostBytes = 0
  private(set) var chunks = 0

  init(_ stream: RowStream, on driver: any Driver, mailbox: TestMailbox) {
    self.stream = stream
    self.driver = driver
    self.mailbox = mailbox
  }

  /// Takes once; false when nothing was there.
  @discardableResult func takeOnce() throws -> Bool {
    let delivery = stream.take()
    mostBytes = max(mostBytes, delivery.chunks.reduce(0) { $0 + $1.bytes.count })
    chunks += delivery.chunks.count
    for chunk in delivery.chunks {
      let decoded = try TestRow.decode(chunk.bytes)
      #expect(decoded.count == chunk.rows)
      rows += decoded
    }
    if let end = delivery.end { self.end = end }
    if delivery.needsResume { driver.resume(stream) }
    return !delivery.chunks.isEmpty || delivery.end != nil
  }

  /// Takes until the stream ends, with a pause before each take.
  func run(pause: UInt32 = 0, within seconds: Double = 60) throws {
    let limit = monotonicNow() + UInt64(seconds * 1e9)
    while end == nil {
      if try takeOnce() {
        if pause > 0 { usleep(pause) }
      } else {
        guard monotonicNow() < limit else { throw TestFailure("the stream did not end in \(seconds) s") }
        usleep(200)
      }
    }
    _ = mailbox.takeAll()
  }

  var error: DatabaseError? {
    if case .failed(let error) = end { error } else { nil }
  }

  var isComplete: Bool {
    if case .complete = end { true } else { false }
  }
}
