import PillionDatabase
package import PillionSchema
package import PillionTransport
import PillionWire

/// A method of a program: what answers a path, and with which messages.
package struct ProgramMethod: Sendable {
  package var descriptor: MethodDescriptor
  package var handler: any MethodHandler
  /// Full name of the request's message; nil: whatever it is, the method takes its bytes.
  package var request: String?
  package var response: String?

  package init(
    descriptor: MethodDescriptor, handler: any MethodHandler, request: String? = nil, response: String? = nil
  ) {
    self.descriptor = descriptor
    self.handler = handler
    self.request = request
    self.response = response
  }
}

/// A method that the definitions declare for a service.
package struct DeclaredRoute: Sendable {
  /// `/blog.PostController/Publish`
  package let path: String
  /// Full names of the messages.
  package let request: String
  package let response: String
  package let isServerStreaming: Bool

  /// - Parameter service: the service's full name.
  init(_ method: ServiceShape.MethodShape, of shape: ServiceShape, _ model: Model, service: String) {
    func name(_ index: Int?) -> String {
      guard let index, shape.messages.indices.contains(index) else { return "google.protobuf.Empty" }
      let name = shape.messages[index].name
      return model.package.isEmpty ? name : "\(model.package).\(name)"
    }
    path = "/\(service)/\(method.name)"
    request = name(method.request)
    response = name(method.response)
    isServerStreaming = method.isServerStreaming
  }

  /// All of a schema; `shapes` are in the order of its views.
  package static func all(in schema: Schema, _ shapes: [ServiceShape]) -> [DeclaredRoute] {
    zip(schema.views, shapes).flatMap { model, shape in
      shape.methods.filter { $0.action == nil }.map {
        DeclaredRoute($0, of: shape, model, service: model.serviceFullName)
      }
    }
  }

  /// Why a method of a program cannot answer it; nil: it can.
  package func problem(with method: ProgramMethod) -> String? {
    let declared = "the definitions declare \(path.dropFirst())"
    if method.descriptor.isClientStreaming { return "\(declared) with one request, and this method takes a stream" }
    if method.descriptor.isServerStreaming != isServerStreaming {
      let forms = ["one message", "a stream"]
      return
        "\(declared) with \(forms[isServerStreaming ? 1 : 0]) as its answer, and this method answers with \(forms[isServerStreaming ? 0 : 1])"
    }
    if let found = method.request, found != request {
      return "\(declared) with \(request), and this method takes \(found)"
    }
    if let found = method.response, found != response {
      return "\(declared) with the answer \(response), and this method answers with \(found)"
    }
    return nil
  }
}

/// A declared method that a program answers: requests that break the definitions' rules do not come to it.
final class CheckedMethod: MethodHandler {
  let decoder: RequestDecoder
  let validator: RequestValidator
  let errors: ErrorPolicy
  let loops: LoopStates
  let program: any MethodHandler

  init(
    decoder: RequestDecoder, validator: RequestValidator, errors: ErrorPolicy, loops: LoopStates,
    program: any MethodHandler
  ) {
    self.decoder = decoder
    self.validator = validator
    self.errors = errors
    self.loops = loops
    self.program = program
  }

  func makeHandler(for call: ServerCall) -> any CallHandler {
    CheckedHandler(method: self, loop: loops.state(of: call.eventLoop))
  }
}

private final class CheckedHandler: CallHandler {
  private let method: CheckedMethod
  private let loop: LoopState
  /// The program's, once there is a request for it.
  private var handler: (any CallHandler)?

  init(method: CheckedMethod, loop: LoopState) {
    self.method = method
    self.loop = loop
  }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
    do throws(WireError) {
      try method.decoder.decode(bytes, into: &loop.message)
    } catch {
      return call.finish(Status(undecodable: error))
    }
    var violations: [FieldViolation] = []
    method.validator.validate(loop.message, violations: &violations)
    guard violations.isEmpty else { return call.finish(method.errors.status(for: violations)) }
    let handler = method.program.makeHandler(for: call)
    self.handler = handler
    handler.onMessage(bytes, call)
  }

  func onRequestEnd(_ call: ServerCall) { handler?.onRequestEnd(call) }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) { handler?.onCancel(reason, call) }

  func onDrained(_ call: ServerCall) { handler?.onDrained(call) }

  func onShutdown(_ call: ServerCall) { handler?.onShutdown(call) }
}

/// A declared method that no program answers.
final class UnimplementedMethod: MethodHandler {
  func makeHandler(for call: ServerCall) -> any CallHandler {
    call.finish(
      Status(.unimplemented, "\(call.method.path.dropFirst()) is declared, and this server does not implement it."))
    return Refused()
  }

  private final class Refused: CallHandler {
    func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {}
    func onRequestEnd(_ call: ServerCall) {}
    func onCancel(_ reason: CancelReason, _ call: ServerCall) {}
    func onDrained(_ call: ServerCall) {}
  }
}
