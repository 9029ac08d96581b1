public import GRPCCore
public import Pillion

extension Server {
  /// Serves what grpc-swift-2 has generated, on the ports of the models: behind the interceptors of `pillion.yaml`, and
  /// then those given here.
  ///
  /// All four kinds of call, metadata, cancellation and deadlines are as on a transport of grpc-swift's own. Initial
  /// metadata goes out with the first message, or with the status if there is none.
  ///
  /// - Parameter descriptors: for reflection, as `Service.descriptors`.
  public mutating func add(
    grpc services: [any RegistrableRPCService], interceptors: [any ServerInterceptor] = [], descriptors: [UInt8] = []
  ) {
    let bridge = BridgeTransport()
    var router = RPCRouter<BridgeTransport>()
    for service in services { service.registerMethods(with: &router) }
    router.registerInterceptors(pipeline: interceptors.map { .apply($0, to: .all) })
    let names = Set(router.methods.map(\.service.fullyQualifiedService))
    let methods = router.methods
    for name in names.sorted() {
      let own = methods.filter { $0.service.fullyQualifiedService == name }
      add(BridgedService(name: name, methods: own, descriptors: descriptors, bridge))
    }
    let server = GRPCServer(transport: bridge, router: router)
    // It fails only when it is started twice.
    addTask { try? await server.serve() }
  }
}

/// One service of grpc-swift's on Pillion's transport.
private struct BridgedService: Service {
  let name: String
  let methods: [ServiceMethod]
  let descriptors: [UInt8]

  init(name: String, methods: [GRPCCore.MethodDescriptor], descriptors: [UInt8], _ bridge: BridgeTransport) {
    self.name = name
    self.descriptors = descriptors
    self.methods = methods.map { descriptor in
      .raw(
        descriptor.method, clientStreams: descriptor.type?.isRequestStreaming ?? true,
        serverStreams: descriptor.type?.isResponseStreaming ?? true
      ) { requests, answers, context in
        try await bridge.answer(descriptor, requests, answers, context)
      }
    }
  }
}
