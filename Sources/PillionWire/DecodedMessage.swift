/// A request message, read field by field: no object per message, no copy of its strings.
///
/// Reused from call to call; valid only while the request's bytes are. `RequestDecoder.decode` fills it.
package struct DecodedMessage: ~Copyable {
  /// Elements and bytes of scratch whose memory stays for the next call; what one large message took goes back.
  static let retainedElements = 16_384
  static let retainedScratch = 1 << 20

  /// One slot a field, in the order of `MessageShape.fields`.
  package var slots: [Slot] = []
  /// Elements of the repeated fields.
  package var elements: [Slot] = []
  /// Text that had to be made: JSON of `google.protobuf.Value`.
  package var scratch: [UInt8] = []
  /// The request's bytes, borrowed.
  package var source = UnsafeRawBufferPointer(start: nil, count: 0)

  /// Earlier occurrences of `google.protobuf.Value` fields that occur more than once.
  var fragments: [ValueFragment] = []
  /// Whether a repeated field went on behind elements of another one, so that `elements` is in order of arrival.
  var isInterleaved = false
  /// The repeated field whose elements come now, or -1, and the index of the first of them.
  private var runField = -1
  private var runStart = 0

  package init() {}

  /// Calls `body` with the bytes of a string, bytes or json slot.
  package func withBytes<Result, Failure: Error>(
    of slot: Slot, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard slot.isInScratch else { return try body(Self.bytes(of: slot, in: source)) }
    return try scratch.withUnsafeBufferPointer { (bytes) throws(Failure) -> Result in
      try body(Self.bytes(of: slot, in: UnsafeRawBufferPointer(bytes)))
    }
  }

  /// Nothing, should the slot be of another message.
  private static func bytes(of slot: Slot, in all: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let (start, count) = (slot.start, slot.count)
    guard let base = all.baseAddress, count <= all.count &- start else { return .init(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: base + start, count: count)
  }

  /// All fields absent, `count` of them.
  @inline(__always)
  mutating func reset(slots count: Int, source: UnsafeRawBufferPointer) {
    self.source = source
    runField = -1
    if slots.count == count {
      for index in 0..<count { slots[index] = Slot() }
    } else {
      slots = Array(repeating: Slot(), count: count)
    }
    if !elements.isEmpty {
      elements.removeAll(keepingCapacity: elements.capacity <= Self.retainedElements)
      isInterleaved = false
    }
    if !scratch.isEmpty { scratch.removeAll(keepingCapacity: scratch.capacity <= Self.retainedScratch) }
    if !fragments.isEmpty { fragments.removeAll() }
  }

  /// What comes now are elements of the repeated field at `index`.
  @inline(__always)
  mutating func openRun(_ index: Int) {
    if runField != index { startRun(index) }
  }

  private mutating func startRun(_ index: Int) {
    closeRun()
    runField = index
    runStart = elements.count
    if slots[index].count == 0 {
      slots[index].start = runStart
    } else if slots[index].start &+ slots[index].count != runStart {
      isInterleaved = true
    }
  }

  /// Counts the elements since `openRun`.
  @inline(__always)
  mutating func closeRun() {
    guard runField >= 0 else { return }
    let count = elements.count &- runStart
    if count > 0 {
      slots[runField].count &+= count
      slots[runField].state = .present
    }
    runField = -1
  }

  /// Brings the elements of each field together, each field's in the order in which they came.
  mutating func groupElements() {
    isInterleaved = false
    var next = [Int](repeating: 0, count: slots.count)
    var end = 0
    for element in elements where Int(element.owner) < next.count { next[Int(element.owner)] &+= 1 }
    for index in next.indices where next[index] > 0 {
      slots[index].start = end
      (next[index], end) = (end, end &+ next[index])
    }
    var grouped = [Slot](repeating: Slot(), count: elements.count)
    for element in elements where Int(element.owner) < next.count {
      grouped[next[Int(element.owner)]] = element
      next[Int(element.owner)] &+= 1
    }
    elements = grouped
  }
}
