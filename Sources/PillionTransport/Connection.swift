import CPillionHTTP2
import NIOCore

/// One client connection: its nghttp2 session, its calls, and the bytes between them and the channel.
///
/// Confined to the channel's event loop. It goes through its states in one direction only:
///
///     preface ──► open ──► closing ──► closed
///        └───────────────────┘ (not HTTP/2)
final class Connection: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = Never
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  enum State {
    /// So many bytes of the client's preface have come, and matched.
    case preface(Int)
    case open
    /// Nothing is read any more; what was written may still be on its way.
    case closing
    case closed
  }

  let loop: LoopContext
  let headerListLimit: Int
  let messageLimit: Int
  private let bufferLimit: Int
  var state = State.preface(0)
  @exclusivity(unchecked) var session: HTTP2Session?
  var context: ChannelHandlerContext?
  var indexInLoop = -1
  private(set) lazy var peer: String = door == .unix ? "unix:" : Self.describe(context?.remoteAddress)
  /// Through which kind of listener the client came in.
  enum Door { case plaintext, tls, unix }
  let door: Door
  /// The client's verified certificate.
  var identity: PeerIdentity?

  // Reading.
  let head = RequestHead()
  var isRequestHead = false
  /// Payload of the DATA frame at hand that has not come yet, padding included.
  @exclusivity(unchecked) var dataRemaining = 0
  /// DATA payload that has come in the read at hand.
  @exclusivity(unchecked) var receivedData = 0
  @exclusivity(unchecked) var lastMetadata: [UInt8] = []
  var readTime: UInt64 = 0
  private var isReading = false
  private var isReadHeldBack = false
  @exclusivity(unchecked) private var cursor = FrameCursor()
  /// What nghttp2 is told to end the session for, from inside one of its callbacks.
  var violation: Violation?

  // Limits.
  @exclusivity(unchecked) var clock: ConnectionClock
  @exclusivity(unchecked) var allowance: PeerAllowance
  /// Bytes of requests and answers that are held for this client.
  @exclusivity(unchecked) private(set) var heldBytes = 0
  var isAdmitted = false
  var unwritableSince: UInt64 = 0

  // Calls.
  @exclusivity(unchecked) var calls: [ServerCall] = []
  var earlyEnds: [ServerCall] = []
  var drained: [ServerCall] = []

  /// What layers note for all calls of the connection.
  var attributes = CallAttributes()

  // Writing.
  private var isFlushDue = false
  var isFlushing = false
  /// The time at which the calls end that the flush at hand answers, read when the first of them does; 0: not yet.
  private var flushTime: UInt64 = 0
  private var hasIdentifiedCall = false
  /// Set by `sendData` when the scratch buffer is full.
  var isScratchFull = false

  // Ending.
  var shutdownStage = ShutdownStage.none
  var goAwayTimer: Scheduled<Void>?
  var lingerTimer: Scheduled<Void>?

  init(loop: LoopContext, door: Door) {
    self.loop = loop
    self.door = door
    self.headerListLimit = loop.configuration.maxHeaderListBytes
    self.messageLimit = loop.configuration.maxMessageBytes
    self.bufferLimit = max(loop.configuration.maxConnectionBufferedBytes, loop.configuration.maxMessageBytes)
    let now = LoopContext.now()
    self.clock = ConnectionClock(loop.clockLimits, now: now, spread: Double.random(in: 0..<1))
    self.allowance = PeerAllowance(loop.configuration.allowance, now: now)
  }

  /// The largest header list the client takes.
  var peerHeaderListLimit: Int {
    guard let session = session?.pointer else { return Int(UInt32.max) }
    return Int(nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE))
  }

  // MARK: Channel events

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) {
    _ = peer
    loop.add(self)
    isAdmitted = loop.load.admit()
    if !isAdmitted { refuse() }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    state = .closed
    if isAdmitted { loop.load.leave() }
    isAdmitted = false
    goAwayTimer?.cancel()
    lingerTimer?.cancel()
    closeCalls(reason: shutdownStage == .over ? .shutdown : .connection)
    session = nil
    loop.remove(self)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    isReading = true
    readTime = LoopContext.now()
    buffer.withUnsafeReadableBytes { bytes in
      if case .open = state { receive(bytes) } else if case .preface = state { receivePreface(bytes) }
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    flush()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      flush()
      if isReadHeldBack {
        isReadHeldBack = false
        context.read()
      }
    }
    context.fireChannelWritabilityChanged()
  }

  /// A client that does not read its answers is not read either: what it could make the session queue is bounded.
  func read(context: ChannelHandlerContext) {
    if context.channel.isWritable { context.read() } else { isReadHeldBack = true }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) {
    guard let session else { return }
    let completedFrame = cursor.advance(bytes)
    let taken = session.receive(bytes)
    if receivedData > 0 {
      session.consumeConnection(receivedData)
      receivedData = 0
    }
    clock.didRead(now: readTime, completedFrame: completedFrame, owesRest: !cursor.isAtBoundary)
    if taken == bytes.count { return }
    if let violation { return end(for: violation) }
    switch taken {
    case Int(NGHTTP2_ERR_FLOODED.rawValue), Int(NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue):
      end(for: .tooManyFrames)
    default:
      end(for: .internalError)
    }
  }

  // MARK: Memory

  /// Whether `count` bytes more may be held for this client.
  func hasRoom(for count: Int) -> Bool {
    heldBytes + count <= bufferLimit && loop.memory.hasRoom(for: count)
  }

  /// Whether so much is held that answers should go out before more of them are made.
  var isUnderPressure: Bool { heldBytes > bufferLimit || loop.memory.isSpent }

  func hold(_ count: Int) {
    heldBytes += count
    loop.memory.hold(count)
  }

  private func receivePreface(_ bytes: UnsafeRawBufferPointer) {
    guard case .preface(let matched) = state else { return }
    switch ClientPreface.match(bytes, after: matched) {
    case .partial(let count): state = .preface(count)
    case .complete(let used):
      guard let context, let session = HTTP2Session(connection: self) else { return close() }
      state = .open
      self.session = session
      let preface = context.channel.allocator.buffer(bytes: session.preface(loop.configuration))
      context.writeAndFlush(wrapOutboundOut(preface), promise: nil)
      if loop.isShuttingDown { beginShutdown() }
      receive(UnsafeRawBufferPointer(rebasing: bytes[used...]))
    case .other(let answer):
      if let answer, let context {
        context.write(wrapOutboundOut(context.channel.allocator.buffer(string: answer)), promise: nil)
      }
      close()
    }
  }

  // MARK: Output

  /// There is something to send. It goes at the end of the read at hand, or of the loop's current task.
  func needsFlush() {
    if isFlushDue || isReading { return }
    isFlushDue = true
    loop.scheduleFlush(self)
  }

  /// Writes what the session has to say, as far as the channel takes it.
  func flush() {
    isFlushDue = false
    guard case .open = state, !isFlushing, let session, let context else { return }
    isFlushing = true
    flushTime = 0
    let didWrite = write(session, context)
    isFlushing = false
    if didWrite { context.flush() }
    guard case .open = state else { return }
    if session.isOver { return close() }
    guard !drained.isEmpty else { return }
    var calls: [ServerCall] = []
    swap(&calls, &drained)
    for call in calls where !call.isEnded { call.handler?.onDrained(call) }
  }

  /// The time of `CLOCK_MONOTONIC`, in nanoseconds; calls that are answered together end together.
  func time() -> UInt64 {
    guard isFlushing else { return LoopContext.now() }
    if flushTime == 0 { flushTime = LoopContext.now() }
    return flushTime
  }

  /// How the name of a call goes into a header block: the first has a place in the table that both sides keep, so that
  /// the field's name need not be sent again (RFC 7541 §6.2); those that differ from it would push others out.
  func identifierFlags() -> UInt32 {
    defer { hasIdentifiedCall = true }
    return hasIdentifiedCall ? NGHTTP2_NV_FLAG_NO_INDEX.rawValue : NGHTTP2_NV_FLAG_NONE.rawValue
  }

  func noteDrained(_ call: ServerCall) { drained.append(call) }

  func noteEarlyEnd(of call: ServerCall) { earlyEnds.append(call) }

  private static func describe(_ address: SocketAddress?) -> String {
    guard let address else { return "" }
    switch address {
    case .v4: return "\(address.ipAddress ?? ""):\(address.port ?? 0)"
    case .v6: return "[\(address.ipAddress ?? "")]:\(address.port ?? 0)"
    case .unixDomainSocket: return "unix:"
    }
  }
}
