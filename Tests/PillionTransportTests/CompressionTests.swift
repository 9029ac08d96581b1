import Testing

@testable import PillionTransport

@Suite struct CompressionTests {
  private static func messages(_ framed: [UInt8], _ compression: Compression, limit: Int = 1 << 20) -> [[UInt8]] {
    var assembler = MessageAssembler(limit: limit, compression: compression)
    var found: [[UInt8]] = []
    framed.withUnsafeBytes { bytes in
      var input = bytes
      while case .message(let message) = assembler.next(&input) { found.append(Array(message)) }
    }
    return found
  }

  @Test(arguments: [Compression.gzip, .deflate])
  func `what was compressed is decompressed`(_ compression: Compression) throws {
    let deflater = try #require(Deflater(compression))
    var generator = SystemRandomNumberGenerator()
    for size in [0, 1, 127, 128, 129, 5000, 100_000] {
      let dull = [UInt8](repeating: 7, count: size)
      let noise = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let compressed = deflater.compress(framed(dull) + framed(noise) + framed([1]))
      #expect(Self.messages(compressed, compression) == [dull, noise, [1]])
      if size >= 5000 { #expect(compressed.count < noise.count + size / 10) }
      // The noise cannot shrink and stays as it was.
      #expect(compressed.count <= 2 * size + 16)
    }
  }

  @Test func `an inflater stops at the limit`() throws {
    let deflater = try #require(Deflater(.gzip))
    let bomb = deflater.compress(framed([UInt8](repeating: 0, count: 10 << 20)))
    var assembler = MessageAssembler(limit: 1 << 20, compression: .gzip)
    bomb.withUnsafeBytes { bytes in
      var input = bytes
      guard case .failed(.inflatesTooLong) = assembler.next(&input) else {
        Issue.record("not refused")
        return
      }
    }
    #expect(assembler.gatheredBytes <= 1 << 20)
  }

  @Test func `lists of encodings are read with and without spaces`() {
    func read(_ text: String) -> [Compression] {
      let accepted = Array(text.utf8).withUnsafeBufferPointer { AcceptedCompressions($0) }
      return Compression.allCases.filter { accepted.contains($0) }
    }
    #expect(read("") == [.identity])
    #expect(read("identity,deflate,gzip") == [.identity, .gzip, .deflate])
    #expect(read(" gzip , br") == [.identity, .gzip])
    #expect(read("gzipped,,deflate ") == [.identity, .deflate])
  }
}
