internal import CPillionPostgreSQL
internal import Glibc
internal import PillionDatabase

/// The arrays that libpq takes parameters in, reused from call to call.
struct ParameterBinder: ~Copyable {
  /// What `PQsendQueryPrepared` takes behind the statement's name; the pointers last as long as the closure.
  struct Bound {
    var count: Int32
    var values: UnsafePointer<UnsafePointer<CChar>?>
    var lengths: UnsafePointer<Int32>
    var formats: UnsafePointer<Int32>
  }

  /// Protocol: the number of parameters is 16 bits.
  static let limit = 65_535

  private var capacity = 32
  private var values = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: 32)
  private var lengths = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  private var formats = UnsafeMutablePointer<Int32>.allocate(capacity: 32)
  // What an empty value points to: libpq takes a null pointer for NULL.
  private let nothing: UnsafeMutablePointer<CChar>

  init() {
    nothing = .allocate(capacity: 1)
    nothing.initialize(to: 0)
  }

  deinit {
    values.deallocate()
    lengths.deallocate()
    formats.deallocate()
    nothing.deallocate()
  }

  /// Binds the parameters at `indices` (nil: all, in order) for the length of `body`.
  mutating func bind<Result>(
    _ parameters: Parameters, at indices: [Int]?, _ body: (Bound) -> Result
  ) throws(DatabaseError) -> Result {
    let entries = parameters.entries
    let count = indices?.count ?? entries.count
    guard count <= Self.limit else { throw DatabaseError(.sqlState("54023"), "more than \(Self.limit) parameters") }
    if count > capacity { grow(to: count) }
    var failure: DatabaseError?
    let result: Result? = parameters.bytes.withUnsafeBytes { bytes in
      for position in 0..<count {
        let index = indices?[position] ?? position
        guard entries.indices.contains(index), fill(position, entries[index], bytes) else {
          failure = Self.refusal(of: entries.indices.contains(index) ? entries[index] : nil, position)
          return nil
        }
      }
      return body(Bound(count: Int32(truncatingIfNeeded: count), values: values, lengths: lengths, formats: formats))
    }
    if let result { return result }
    throw failure ?? DatabaseError(.pillion(.internal), "parameters were not bound")
  }

  private mutating func fill(_ position: Int, _ entry: Parameters.Entry, _ bytes: UnsafeRawBufferPointer) -> Bool {
    lengths[position] = 0
    formats[position] = 0
    switch entry.kind {
    case .null:
      values[position] = nil
      return true
    case .text, .binary:
      guard let length = Int32(exactly: entry.count) else { return false }
      // Room for the text's NUL as well.
      let room = entry.kind == .text ? entry.count + 1 : entry.count
      guard entry.start >= 0, entry.start <= bytes.count, room <= bytes.count - entry.start else { return false }
      guard let base = bytes.baseAddress, room > 0 else {
        values[position] = UnsafePointer(nothing)
        formats[position] = 1
        return true
      }
      // A text with U+0000 would be cut there without a word.
      if entry.kind == .text, memchr(base + entry.start, 0, entry.count) != nil { return false }
      values[position] = (base + entry.start).assumingMemoryBound(to: CChar.self)
      lengths[position] = length
      formats[position] = entry.kind == .text ? 0 : 1
      return true
    case .integer, .real:
      return false
    }
  }

  private static func refusal(of entry: Parameters.Entry?, _ position: Int) -> DatabaseError {
    switch entry?.kind {
    case .text: DatabaseError(.sqlState("22021"), "parameter \(position + 1) holds U+0000 or is too long")
    case .binary: DatabaseError(.sqlState("54000"), "parameter \(position + 1) is too long")
    default: DatabaseError(.pillion(.internal), "parameter \(position + 1) has no form for PostgreSQL")
    }
  }

  private mutating func grow(to count: Int) {
    values.deallocate()
    lengths.deallocate()
    formats.deallocate()
    capacity = count
    values = .allocate(capacity: count)
    lengths = .allocate(capacity: count)
    formats = .allocate(capacity: count)
  }
}
