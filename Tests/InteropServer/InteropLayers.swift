import Logging
import NIOCore
import PillionInterceptors
import PillionSchema
import PillionTransport

/// The layers that a file names as `pillion.yaml` does.
struct InteropLayers {
  /// What is wrong with the file.
  struct Malformed: Error {
    let diagnostics: [Diagnostic]
  }

  /// The outermost first.
  let all: [any Interceptor]

  init(file: String, text: String, group: any EventLoopGroup) throws {
    let (settings, problems) = FlatSettings.read(path: file, text: text, tree: "interceptors")
    guard problems.isEmpty, let list = settings.tree else { throw Malformed(diagnostics: problems) }
    let (layers, diagnostics) = InterceptorList.read(list, environment: [:], registry: InterceptorRegistry())
    guard diagnostics.isEmpty else { throw Malformed(diagnostics: diagnostics) }
    let loops = group.makeIterator().reduce(0) { count, _ in count + 1 }
    let logger = Logger(label: "interop") { StreamLogHandler.standardError(label: $0) }
    do throws(InterceptorError) {
      all = try layers.make(InterceptorContext(loops: loops, logger: logger, group: group))
    } catch {
      throw Malformed(diagnostics: error.diagnostics)
    }
  }

  /// The methods with the numbers that the layer which counts calls gives them.
  func number(
    _ methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)]
  ) -> [(descriptor: MethodDescriptor, handler: any MethodHandler)] {
    var methods = methods
    for case let counts as CallMetrics in all {
      for index in methods.indices { methods[index].descriptor.number = counts.number(of: methods[index].descriptor) }
    }
    return methods
  }
}
