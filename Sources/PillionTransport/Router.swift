/// A method and what answers it, as the router hands them to a call.
package final class Route: Sendable {
  package let method: MethodDescriptor
  let handler: any MethodHandler

  init(method: MethodDescriptor, handler: any MethodHandler) {
    self.method = method
    self.handler = handler
  }
}

/// From the bytes of `:path` to the method: built once, immutable, no `String` made on the way.
///
/// An open-addressing hash table at most half full. Its keys are the server's own, so that no client can make them
/// collide; a path matches byte for byte or not at all.
package final class Router: Sendable {
  private let slots: [Route?]
  private let keys: [[UInt8]]
  private let mask: Int
  private let fallback: any MethodHandler

  /// - Parameters:
  ///   - methods: of two with the same path, the first is kept.
  ///   - fallback: answers every other path; UNIMPLEMENTED by default.
  package init(
    methods: [(descriptor: MethodDescriptor, handler: any MethodHandler)],
    fallback: any MethodHandler = UnknownMethod()
  ) {
    var capacity = 8
    while capacity < methods.count * 2 { capacity *= 2 }
    var slots = [Route?](repeating: nil, count: capacity)
    var keys = [[UInt8]](repeating: [], count: capacity)
    let mask = capacity - 1
    for (descriptor, handler) in methods {
      let key = Array(descriptor.path.utf8)
      var index = key.withUnsafeBufferPointer { Self.hash($0) } & mask
      while slots[index] != nil, keys[index] != key { index = (index + 1) & mask }
      if slots[index] != nil { continue }
      slots[index] = Route(method: descriptor, handler: handler)
      keys[index] = key
    }
    self.slots = slots
    self.keys = keys
    self.mask = mask
    self.fallback = fallback
  }

  /// The paths that are known, in no order.
  package var paths: [String] { slots.compactMap { $0?.method.path } }

  func lookup(_ path: UnsafeBufferPointer<UInt8>) -> Route? {
    var index = Self.hash(path) & mask
    while let route = slots[index] {
      if keys[index].withUnsafeBufferPointer({ $0.isSame(as: path) }) { return route }
      index = (index + 1) & mask
    }
    return nil
  }

  /// A route for a path that `lookup` does not know; both sides may stream, the fallback decides.
  func unknown(path: String) -> Route {
    var method = MethodDescriptor(path: path, isClientStreaming: true, isServerStreaming: true)
    method.isKnown = false
    return Route(method: method, handler: fallback)
  }

  /// A multiplication for every eight bytes; spread enough for a table of the server's own names.
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    var hash = UInt64(truncatingIfNeeded: raw.count)
    var offset = 0
    while offset + 8 <= raw.count {
      hash = mix(hash, raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < raw.count {
      rest = rest << 8 | UInt64(raw[offset])
      offset += 1
    }
    return Int(truncatingIfNeeded: mix(hash, rest) >> 1)
  }

  private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
    return product ^ (product >> 32)
  }
}

/// Answers UNIMPLEMENTED, as gRPC's `statuscodes.md` wants for a method the server does not have.
package struct UnknownMethod: MethodHandler {
  package init() {}

  package func makeHandler(for call: ServerCall) -> any CallHandler {
    call.finish(Status(.unimplemented, "unknown method \(call.method.path)"))
    return Refused()
  }

  private final class Refused: CallHandler {
    func onMessage(_ bytes: UnsafeRawBufferPointer, _ call: ServerCall) {}
    func onRequestEnd(_ call: ServerCall) {}
    func onCancel(_ reason: CancelReason, _ call: ServerCall) {}
    func onDrained(_ call: ServerCall) {}
  }
}
