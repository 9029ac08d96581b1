import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import PillionTransport

@Suite struct TLSTests {
  private static let identity = (
    subject: "CN=\\#orders\\=CN,?=7,O=Shop\\, Inc.,C=SE", dnsNames: ["orders.shop", "*.orders.shop"],
    uris: ["spiffe://shop/orders", "https://shop/orders"]
  )

  @Test func `an identity is the subject, the DNS names and the URIs, and nothing else`() throws {
    let certificate = try NIOSSLCertificate(bytes: TestCertificates.client, format: .pem)
    let identity = PeerIdentity(certificate)
    #expect(identity.subject == Self.identity.subject)
    #expect(identity.dnsNames == Self.identity.dnsNames)
    #expect(identity.uris == Self.identity.uris)
  }

  @Test func `a call knows its client by the verified certificate`() async throws {
    let identities = try await identities(of: .required(authorities: TestCertificates.authority), showing: true)
    #expect(identities.map { $0?.subject } == [Self.identity.subject])
    #expect(identities.first??.uris == Self.identity.uris)
  }

  @Test func `without a certificate there is no identity`() async throws {
    let none = try await identities(of: .optional(authorities: TestCertificates.authority), showing: false)
    #expect(none == [nil])
  }

  @Test func `a certificate that nobody asked for is no identity`() async throws {
    let none = try await identities(of: .none, showing: true)
    #expect(none == [nil])
  }

  @Test func `a secure listener without credentials closes`() async throws {
    try await withServer { _, _, server in
      let address = try await server.bind(host: "127.0.0.1", port: 0, isSecure: true)
      let client = try #require(RawClient(port: portOf(address)))
      #expect(await client.read { $0.isClosed } || client.isClosed)
    }
  }

  @Test func `what cannot be used says why`() {
    func failure(_ certificate: [UInt8], _ key: [UInt8], _ clients: TLSCredentials.ClientCertificates = .none)
      -> TLSCredentialsError.Part?
    {
      do throws(TLSCredentialsError) {
        _ = try TLSCredentials(certificate: certificate, key: key, clientCertificates: clients)
        return nil
      } catch {
        #expect(!error.reason.isEmpty)
        return error.part
      }
    }
    let good = (TestCertificates.server, TestCertificates.serverKey)
    #expect(failure(good.0, good.1) == nil)
    #expect(failure([], good.1) == .certificate)
    #expect(
      failure(Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8), good.1) == .certificate)
    #expect(failure(good.0, []) == .key)
    #expect(failure(good.0, TestCertificates.clientKey) == .key)
    #expect(failure(good.0, Array("-----BEGIN ENCRYPTED PRIVATE KEY-----".utf8)) == .key)
    #expect(failure(good.0, good.1, .required(authorities: [1, 2, 3])) == .clientAuthorities)
  }

  /// The identities of the one call of a client.
  private func identities(
    of clients: TLSCredentials.ClientCertificates, showing isShown: Bool
  ) async throws -> [PeerIdentity?] {
    let credentials = try TLSCredentials(
      certificate: TestCertificates.server, key: TestCertificates.serverKey, clientCertificates: clients)
    var found: [PeerIdentity?] = []
    try await withServer { _, journal, server in
      server.replaceCredentials(credentials)
      let address = try await server.bind(host: "127.0.0.1", port: 0, isSecure: true)
      let channel = try await Self.call(address, showing: isShown)
      #expect(await journal.wait { !$0.identities.isEmpty })
      found = journal.now.identities
      try await channel.close().outcome()
    }
    return found
  }

  /// Connects and sends one request to `/t.T/Never`.
  private static func call(_ address: SocketAddress, showing isShown: Bool) async throws -> any Channel {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates([try NIOSSLCertificate(bytes: TestCertificates.authority, format: .pem)])
    configuration.applicationProtocols = ["h2"]
    if isShown {
      let certificate = try NIOSSLCertificate(bytes: TestCertificates.client, format: .pem)
      configuration.certificateChain = [.certificate(certificate)]
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: TestCertificates.clientKey, format: .pem))
    }
    let context = try NIOSSLContext(configuration: configuration)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let tls = try NIOSSLClientHandler(context: context, serverHostname: "localhost")
          try channel.pipeline.syncOperations.addHandler(tls)
        }
      }
      .connect(to: address).outcome()
    let head = Frame(
      .headers, flags: Frame.endHeaders, stream: 1,
      RawClient.headerBlock(RawClient.requestFields(path: "/t.T/Never")))
    let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame(.settings).bytes + head.bytes
    try await channel.writeAndFlush(channel.allocator.buffer(bytes: bytes)).outcome()
    return channel
  }
}
