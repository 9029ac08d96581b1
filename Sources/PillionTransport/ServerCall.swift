package import NIOCore

/// One call: what came with the request, and the way to answer it.
///
/// Every member but `eventLoop` is to be used on `eventLoop`. Once a call has ended, sending does nothing: an answer
/// that comes late needs no check.
///
/// `@unchecked Sendable`: confined to `eventLoop`, so that a reference may travel through other threads and come back;
/// debug builds check it where an answer is given.
///
/// `@exclusivity(unchecked)`, here and in `Connection`, `LoopContext` and `RequestHead`: the accesses to those
/// properties are on one thread, and none lasts while a handler, a channel or nghttp2 runs, so that no two can overlap;
/// checking them anew at each access costs a tenth of a small call's time.
public final class ServerCall: @unchecked Sendable {
  /// The time of `CLOCK_MONOTONIC`, in nanoseconds, at which the client stops waiting; 0: never.
  public internal(set) var deadline: UInt64 = 0
  /// Whether `finish` was called or the call was cancelled.
  public internal(set) var isEnded = false
  /// Whether more may be sent: false from the high-water mark until what waits has fallen to the low-water mark.
  package internal(set) var isWritable = true

  let connection: Connection
  let streamID: Int32
  /// What is asked for; its `method` is read here without the copy that `ServerCall.method` hands out.
  package let route: Route
  @exclusivity(unchecked) private var metadataStorage: [UInt8]
  /// The time of `CLOCK_MONOTONIC`, in nanoseconds, at which the headers came.
  package let startTime: UInt64
  @exclusivity(unchecked) var handler: (any CallHandler)?

  // Places in the containers that hold the call; -1: in none.
  var indexInConnection = -1
  var wheelSlot = -1
  var wheelIndex = 0

  // The request.
  @exclusivity(unchecked) var assembler: MessageAssembler
  /// Request messages that have come.
  package internal(set) var messageCount = 0
  var isMessageHeld = false
  var hasRequestEnded = false
  var isRequestEndDue = false
  var isReadingPaused = false
  var unread: [UInt8] = []
  package internal(set) var requestBytes = 0
  /// Since when the rest of the request is waited for.
  var requestSince: UInt64
  /// Bytes of the current message and of what is unread that the connection counts as held.
  var requestCharge = 0

  // The response.
  /// What the client takes, and what it gets.
  let accepted: AcceptedCompressions
  var responseCompression: Compression
  /// Whether messages that are sent from here on are compressed, if any of the answer are.
  package var compressesMessages = true
  @exclusivity(unchecked) var queue = OutboundQueue()
  var isResponseStarted = false
  var isDeferred = false
  var areTrailersSubmitted = false
  /// Response messages that were given to the transport.
  package internal(set) var responseMessages = 0
  var isClosed = false
  /// Whether the server has reset the stream for no fault of the client.
  var isGivenUp = false
  package internal(set) var responseBytes = 0
  /// Response bytes that had been sent when the connection's times were last looked at, and since when.
  private var progress: (bytes: Int, since: UInt64) = (0, 0)
  /// How the call ended, unless it ended with a bare OK.
  @exclusivity(unchecked) var status: Status?
  /// Custom metadata, when there is any.
  var added: AddedMetadata?

  // What layers and handlers note on the call for each other.
  package var attributes = CallAttributes()
  /// Names the call in logs and errors, and to the client.
  package internal(set) var identifier = RequestID.none
  /// The response header in which the client gets the name; nil: in none.
  private(set) var identifierHeader: String?
  /// Whether the database is to be told the request id as well.
  package var tellsRequestID = false
  /// Rows that were read or written for the client.
  public var rowCount = 0
  /// Whether the call has a place among those that a limit lets run at once.
  package var holdsPlace = false

  // The layers around the call.
  /// Layers whose `begin` was called, and of these those that let the call proceed.
  @exclusivity(unchecked) var begunLayers = 0
  @exclusivity(unchecked) var passedLayers = 0
  /// Whether the status has gone up through them.
  var isSettled = false
  /// What finds out the verdict of a layer.
  var waiting: Task<Void, Never>?

  init(
    connection: Connection, streamID: Int32, route: Route, metadata: [UInt8], startTime: UInt64,
    requestCompression: Compression = .identity, accepted: AcceptedCompressions = AcceptedCompressions()
  ) {
    self.connection = connection
    self.streamID = streamID
    self.route = route
    self.metadataStorage = metadata
    self.startTime = startTime
    self.requestSince = startTime
    self.assembler = MessageAssembler(limit: connection.messageLimit, compression: requestCompression)
    self.accepted = accepted
    let wanted = connection.loop.configuration.compression
    self.responseCompression = accepted.contains(wanted) ? wanted : .identity
  }

  package var loop: LoopContext { connection.loop }
  /// What the call's deadline and tokens are measured by.
  package var clock: ServerClock { connection.loop.clock }
  package var eventLoop: any EventLoop { connection.loop.eventLoop }
  /// Place of the call's event loop among the server's.
  package var loopIndex: Int { connection.loop.index }
  public var method: MethodDescriptor { route.method }

  /// The name of the call; nil: nothing has given it one. One that no header could carry is not sent to the client.
  public var requestID: String? {
    get { identifier.text }
    set {
      identifier = RequestID(newValue)
      if let newValue, !Self.isShortText(newValue) { identifierHeader = nil }
    }
  }

  /// Gives the call a name, and the client the name in a header that keeps the rules of `addHeader`.
  package func name(_ identifier: RequestID, header: String) {
    self.identifier = identifier
    identifierHeader = header
  }

  /// The client's address: `127.0.0.1:50000`, `[::1]:50000`, `unix:`.
  public var peer: String { connection.peer }

  /// What layers note on the client's connection, for all its calls.
  package var connectionAttributes: CallAttributes {
    _read { yield connection.attributes }
    _modify { yield &connection.attributes }
  }

  /// The client's socket; nil: the connection has ended, or has none.
  package var socket: CInt? {
    guard let pipeline = connection.context?.pipeline else { return nil }
    return try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
  }

  /// Whether no client of the server waits for anything.
  package var isServerIdle: Bool { loop.load.calls == 0 }

  /// Who the client is by its verified certificate; nil without TLS, and without a certificate.
  public var peerIdentity: PeerIdentity? { connection.identity }

  /// What the client sent along, or what a layer has made of it; read from the received bytes at each use.
  public var metadata: Metadata {
    get { Metadata(storage: metadataStorage) }
    set { metadataStorage = newValue.storage }
  }

  /// Whether the message that the handler has just been given came compressed.
  package var isMessageCompressed: Bool { assembler.isCompressed }

  /// Compresses the answer whatever the configuration says, if the client accepts it; of use until the first message.
  package func compressAnswer() {
    guard !isResponseStarted, let best = [.gzip, .deflate].first(where: { accepted.contains($0) }) else { return }
    responseCompression = best
  }

  /// Response bytes that wait for the client or the network.
  package var queuedBytes: Int { queue.byteCount }

  /// Whether part of the answer has gone out.
  var hasSentBytes: Bool { responseBytes > queue.byteCount }

  /// Whether bytes have waited for so long without one of them going out; to be asked again and again.
  func isStalled(for limit: UInt64, now: UInt64) -> Bool {
    let sent = responseBytes - queue.byteCount
    if queue.isEmpty || sent != progress.bytes || progress.since == 0 {
      progress = (sent, queue.isEmpty ? 0 : now)
      return false
    }
    return now - progress.since >= limit
  }
}
