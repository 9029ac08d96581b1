package import PillionProto
package import PillionTransport
import PillionWire

/// `ServerReflection` of `grpc.reflection.v1`, and of `v1alpha` for older clients: they differ in their names alone.
package enum ReflectionService {
  package static let names = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

  package static func methods(
    _ protos: GeneratedProtos, and added: ProgramDescriptors = ProgramDescriptors(), of services: [String] = []
  ) -> [(descriptor: MethodDescriptor, handler: any MethodHandler)] {
    let method = ReflectionMethod(index: DescriptorIndex(serving: protos, and: added, of: services))
    return names.map { name in
      let path = "/\(name)/ServerReflectionInfo"
      return (MethodDescriptor(path: path, isClientStreaming: true, isServerStreaming: true), method)
    }
  }
}

private final class ReflectionMethod: MethodHandler {
  private let index: DescriptorIndex

  init(index: DescriptorIndex) { self.index = index }

  func makeHandler(for call: ServerCall) -> any CallHandler { ReflectionHandler(index: index) }
}

/// One stream of questions, each answered at once. What is unknown is an error in its answer, not the end of the stream.
private final class ReflectionHandler: CallHandler {
  private let index: DescriptorIndex

  init(index: DescriptorIndex) { self.index = index }

  func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {
    do throws(WireError) {
      let request = try ReflectionRequest(bytes)
      call.send(ReflectionResponse.frame(answering: request, bytes: bytes, from: index))
    } catch {
      return call.finish(Status(undecodable: error))
    }
    // Who asks and does not read is not asked on.
    if !call.isWritable { call.pauseReading() }
  }

  func onRequestEnd(_ call: ServerCall) { call.finish(.ok) }

  func onCancel(_ reason: CancelReason, _ call: ServerCall) {}

  func onDrained(_ call: ServerCall) { call.resumeReading() }

  /// A stream of questions ends when its client has no more, which may be never.
  func onShutdown(_ call: ServerCall) { call.finish(Status(.unavailable, "the server is shutting down")) }
}
