/// The layers around the calls of one event loop, from the outermost to the innermost.
///
/// Each loop has a chain of its own, and a layer is called where it lies: taken out of an array, or called through
/// `any Interceptor`, it would be retained for each use, and with it a counter that all loops share.
final class InterceptorChain {
  let count: Int
  private let layers: [Layer]
  /// The same, not retained at each use.
  private let places: UnsafeMutablePointer<Unmanaged<Layer>>
  /// Those that look at messages, and their places.
  let messageLayers: [(index: Int, layer: any MessageInterceptor)]

  init(_ interceptors: [any Interceptor]) {
    count = interceptors.count
    messageLayers = interceptors.enumerated().compactMap { index, layer in
      (layer as? any MessageInterceptor).map { (index, $0) }
    }
    layers = interceptors.map(Layer.make)
    places = .allocate(capacity: layers.count)
    for (index, layer) in layers.enumerated() { (places + index).initialize(to: .passUnretained(layer)) }
  }

  deinit { places.deallocate() }

  func begin(_ index: Int, _ call: ServerCall) -> Verdict {
    places[index]._withUnsafeGuaranteedRef { $0.begin(call) }
  }

  /// The answer's way up through the first `count` layers.
  func finish(_ call: ServerCall, _ status: inout Status, count: Int) {
    var index = count
    while index > 0 {
      index -= 1
      places[index]._withUnsafeGuaranteedRef { $0.finish(call, &status) }
    }
  }

  func end(_ call: ServerCall, _ summary: CallSummary, count: Int) {
    var index = count
    while index > 0 {
      index -= 1
      places[index]._withUnsafeGuaranteedRef { $0.end(call, summary) }
    }
  }
}

/// A place in a chain: an `Interceptor` whose type is known where it is called.
private class Layer {
  static func make(_ interceptor: any Interceptor) -> Layer {
    func place(_ interceptor: some Interceptor) -> Layer { LayerOf(interceptor) }
    return place(interceptor)
  }

  func begin(_ call: ServerCall) -> Verdict { .proceed }
  func finish(_ call: ServerCall, _ status: inout Status) {}
  func end(_ call: ServerCall, _ summary: CallSummary) {}
}

private final class LayerOf<Kind: Interceptor>: Layer {
  private let interceptor: Kind

  init(_ interceptor: Kind) { self.interceptor = interceptor }

  override func begin(_ call: ServerCall) -> Verdict { interceptor.begin(call) }
  override func finish(_ call: ServerCall, _ status: inout Status) { interceptor.finish(call, &status) }
  override func end(_ call: ServerCall, _ summary: CallSummary) { interceptor.end(call, summary) }
}
