import PillionDatabase
import PillionInterceptors
import PillionQuery
import PillionService
public import PillionTransport
public import SwiftProtobuf
import Synchronization

/// What a method of your own knows about the call, and what it may add to the answer.
///
/// Whether the call has been cancelled is `Task.isCancelled`, as in any task; how it ends with an error is to throw a
/// `Status`.
public final class CallContext: Sendable {
  /// `/blog.Greeter/SayHello`
  public let path: String
  /// What the client sent along, as the interceptors have left it.
  public let metadata: Metadata
  /// The client's address: `127.0.0.1:50000`, `[::1]:50000`, `unix:`.
  public let peer: String
  /// Who the client is by its verified certificate; nil without TLS, and without a certificate.
  public let peerIdentity: PeerIdentity?
  /// Whom `authentication` has found the caller to be; nil: nobody asked, or anonymous.
  public var principal: String? { identity?.principal }
  /// Names the call in logs, in errors and to the client.
  public var requestID: String { identifier.text ?? (outer ?? self).madeID }
  /// In a hook around a write: inside its transaction.
  public let database: Database

  private let identifier: RequestID
  let identity: Identity?
  private let deadline: UInt64
  private let clock: ServerClock
  /// What is added goes to that of the call itself.
  private let outer: CallContext?
  private let added = Mutex(Added())
  /// What the call's hooks have been asked with, and which they are; nil in a method of one's own.
  private let hooks: (request: [UInt8], defaults: DefaultSteps)?

  /// For a call that nothing has named: made when it is asked for, as that costs more than most hooks; 0: not yet.
  private let random = Atomic<UInt64>(0)

  private var madeID: String {
    let new = UInt64.random(in: 1 ... .max)
    let made = random.compareExchange(expected: 0, desired: new, ordering: .relaxed).original
    return RequestID.made(made == 0 ? new : made).text ?? ""
  }

  private struct Added {
    var headers: [(name: String, value: [UInt8])] = []
    var trailers: [(name: String, value: [UInt8])] = []
  }

  /// To be made on the call's event loop.
  init(_ call: ServerCall, _ access: DatabaseAccess, hooks: (request: [UInt8], defaults: DefaultSteps)? = nil) {
    path = call.method.path
    metadata = call.metadata
    peer = call.peer
    peerIdentity = call.peerIdentity
    identity = call.identity
    identifier = call.identifier
    deadline = call.deadline
    database = Database(access, clock: call.clock, deadline: call.databaseDeadline)
    clock = call.clock
    outer = nil
    self.hooks = hooks
  }

  private init(_ other: CallContext, _ database: Database) {
    path = other.path
    metadata = other.metadata
    peer = other.peer
    peerIdentity = other.peerIdentity
    identity = other.identity
    identifier = other.identifier
    deadline = other.deadline
    clock = other.clock
    outer = other.outer ?? other
    hooks = other.hooks
    self.database = database
  }

  /// The same call, inside a transaction.
  func inside(_ lease: SessionLease) -> CallContext { CallContext(self, database.inside(lease)) }

  /// Whether the call's hooks are known to have nothing but the default at a step.
  @usableFromInline
  func leavesOut(_ step: HookSteps) -> Bool { hooks?.defaults.contain(step) ?? false }

  /// The default of a hook has run.
  func note(_ step: HookSteps, of type: Any.Type) { hooks?.defaults.note(step, of: type) }

  /// In a hook: the request as the client has sent it, whatever the action. A method of one's own has it as its argument.
  ///
  /// - Throws: `Status` INTERNAL where the call's request is another message than `Request`.
  @inlinable
  public func request<Request: Message>(_ type: Request.Type = Request.self) throws -> Request {
    try Request(decoding: requestBytes(), of: "request")
  }

  @usableFromInline
  func requestBytes() throws -> [UInt8] {
    guard let hooks else { throw Status(.internal, "Only hooks ask for the request of a call.") }
    return hooks.request
  }

  /// The name of the method: `SayHello`.
  public var action: String { String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...]) }

  /// How long the client still waits, never negative; nil: as long as it takes.
  public var timeRemaining: Duration? {
    guard deadline > 0 else { return nil }
    let now = clock.now()
    return .nanoseconds(Int64(clamping: deadline > now ? deadline - now : 0))
  }

  /// A claim of the caller's token or key that is a text; nil: there is none.
  public func claim(_ name: String) -> String? {
    if case .string(let text) = identity?.claims[name] { text } else { nil }
  }

  /// Adds a field to the initial metadata; of use until the first message is sent. The rules are `addTrailer`'s.
  public func addHeader(_ name: String, _ value: String) { addHeader(name, bytes: Array(value.utf8)) }

  /// The same for a value that is not text.
  public func addHeader(_ name: String, bytes: [UInt8]) {
    (outer ?? self).added.withLock { $0.headers.append((name, bytes)) }
  }

  /// Adds a field to the trailing metadata; of use until the method returns.
  ///
  /// Left out is what cannot be sent: a name that is not made of `a`–`z`, digits, `-`, `_` and `.`, or begins with
  /// `grpc-`; a value with characters outside 0x20–0x7E or with a space at either end; more than 8 KiB in all. The value
  /// of a name that ends in `-bin` may be anything.
  public func addTrailer(_ name: String, _ value: String) { addTrailer(name, bytes: Array(value.utf8)) }

  /// The same for a value that is not text.
  public func addTrailer(_ name: String, bytes: [UInt8]) {
    (outer ?? self).added.withLock { $0.trailers.append((name, bytes)) }
  }

  /// Hands what was added to the call; on its event loop.
  func passAdded(to call: ServerCall) {
    let added = (outer ?? self).added.withLock { added in
      defer { added = Added() }
      return added
    }
    for header in added.headers { call.addHeader(header.name, bytes: header.value) }
    for trailer in added.trailers { call.addTrailer(trailer.name, bytes: trailer.value) }
  }
}
