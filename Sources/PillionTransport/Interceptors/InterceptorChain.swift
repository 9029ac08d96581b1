/// The layers around the calls of one event loop, from the outermost to the innermost.
///
/// Each loop has a chain of its own, and the layers are read where they lie: an array's elements would be retained for
/// each use, and with them counters that all loops share. That costs a chain of six a tenth of a small call's time.
final class InterceptorChain {
  let count: Int
  private let layers: UnsafeMutablePointer<any Interceptor>
  /// Those that look at messages, and their places.
  let messageLayers: [(index: Int, layer: any MessageInterceptor)]

  init(_ layers: [any Interceptor]) {
    count = layers.count
    messageLayers = layers.enumerated().compactMap { index, layer in
      (layer as? any MessageInterceptor).map { (index, $0) }
    }
    self.layers = .allocate(capacity: layers.count)
    self.layers.initialize(from: layers, count: layers.count)
  }

  deinit {
    layers.deinitialize(count: count)
    layers.deallocate()
  }

  func begin(_ index: Int, _ call: ServerCall) -> Verdict { layers[index].begin(call) }

  /// The answer's way up through the first `count` layers.
  func finish(_ call: ServerCall, _ status: inout Status, count: Int) {
    var index = count
    while index > 0 {
      index -= 1
      layers[index].finish(call, &status)
    }
  }

  func end(_ call: ServerCall, _ summary: CallSummary, count: Int) {
    var index = count
    while index > 0 {
      index -= 1
      layers[index].end(call, summary)
    }
  }
}
