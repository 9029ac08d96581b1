import NIOCore
package import PillionTransport

/// The section `server` of the configuration as far as it says what clients may ask of the server. A time of 0 is no
/// limit.
package struct ServerLimits: Sendable {
  package var messageBytes = 0
  package var responseBytes = 0
  package var headerBytes = 0
  package var connections = 0
  package var concurrentStreams = 0
  package var connectionBuffer = 0
  package var buffer = 0
  package var handshakeMilliseconds = 0
  package var requestMilliseconds = 0
  package var stallMilliseconds = 0
  package var idleMilliseconds = 0
  package var keepaliveMilliseconds = 0
  package var keepaliveTimeoutMilliseconds = 0
  package var minPingMilliseconds = 0
  package var ageMilliseconds = 0
  package var ageGraceMilliseconds = 0

  package func apply(to transport: inout TransportConfiguration) {
    transport.maxMessageBytes = messageBytes
    transport.maxResponseBytes = responseBytes
    transport.maxHeaderListBytes = headerBytes
    transport.maxConnections = connections
    transport.maxConcurrentStreams = concurrentStreams
    transport.maxConnectionBufferedBytes = connectionBuffer
    transport.maxBufferedBytes = buffer
    transport.handshakeTimeout = .milliseconds(Int64(handshakeMilliseconds))
    transport.requestTimeout = .milliseconds(Int64(requestMilliseconds))
    transport.stallTimeout = .milliseconds(Int64(stallMilliseconds))
    transport.idleTimeout = .milliseconds(Int64(idleMilliseconds))
    transport.keepaliveInterval = .milliseconds(Int64(keepaliveMilliseconds))
    transport.keepaliveTimeout = .milliseconds(Int64(keepaliveTimeoutMilliseconds))
    transport.minPingInterval = .milliseconds(Int64(minPingMilliseconds))
    transport.maxConnectionAge = .milliseconds(Int64(ageMilliseconds))
    transport.maxConnectionAgeGrace = .milliseconds(Int64(ageGraceMilliseconds))
  }
}
