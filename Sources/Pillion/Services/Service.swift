package import PillionServer
package import PillionService
import PillionTransport

/// A gRPC service of your own, beside those of the models: behind the same interceptors, known to health.
public protocol Service: Sendable {
  /// Package and name as in the proto: `blog.Greeter`.
  var name: String { get }
  var methods: [ServiceMethod] { get }
  /// For reflection: the serialized `FileDescriptorSet` that `protoc --include_imports -o` makes of the service's protos.
  /// Default: empty, and reflection does not know the service. A file that Pillion generates counts before one of the same
  /// name here.
  var descriptors: [UInt8] { get }
}

extension Service {
  public var descriptors: [UInt8] { [] }
}

extension Service {
  package func routes(_ work: CustomServiceContext) -> [ProgramMethod] { methods.map { $0.route(of: name, work) } }
}

/// A method of a service: its name in the proto, and what answers it.
///
/// The body runs in a task of its own, which is cancelled when the call ends before it: the client has left, the deadline
/// has passed, the server stops. A `Status` that it throws is what the client gets; any other error is INTERNAL with the
/// call's request id, and the error itself only in the log. A `fatalError`, a failed precondition and an arithmetic
/// overflow in it end the process, and with it every call, as everywhere in Swift.
public struct ServiceMethod: Sendable {
  public let name: String
  public let isClientStreaming: Bool
  public let isServerStreaming: Bool
  /// Whether it writes: refused by the interceptor `read_only`, and on record with `audit`.
  public var isMutating = false
  let body: TaskMethod.Body
  /// Full names of the messages; nil: bytes.
  private(set) var request: String?
  private(set) var response: String?

  init(_ name: String, clientStreams: Bool = false, serverStreams: Bool = false, _ body: @escaping TaskMethod.Body) {
    self.name = name
    isClientStreaming = clientStreams
    isServerStreaming = serverStreams
    self.body = body
  }

  /// The same, of messages with these names.
  @usableFromInline
  func of(_ request: String, _ response: String) -> ServiceMethod {
    var method = self
    method.request = request
    method.response = response
    return method
  }

  func route(of service: String, _ work: CustomServiceContext) -> ProgramMethod {
    let descriptor = MethodDescriptor(
      path: "/\(service)/\(name)", isClientStreaming: isClientStreaming, isServerStreaming: isServerStreaming,
      isMutating: isMutating)
    return ProgramMethod(
      descriptor: descriptor, handler: TaskMethod(work: work, body: body), request: request, response: response)
  }

  /// The same, known to write.
  public func mutating() -> ServiceMethod {
    var method = self
    method.isMutating = true
    return method
  }
}
