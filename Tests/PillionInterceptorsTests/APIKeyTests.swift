import PillionInterceptors
import PillionQuery
import Testing

@Suite struct APIKeyTests {
  private func identity(_ ring: APIKeyring, _ text: String, now: Int64 = 1000) -> Result<Identity, APIKeyring.Problem> {
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      do throws(APIKeyring.Problem) {
        return .success(try ring.identity(bytes, now: now))
      } catch {
        return .failure(error)
      }
    }
  }

  @Test func aKeyIsKnownByItsLine() throws {
    let key = APIKey.make()
    let record = APIKeyRecord(key, name: "reports", expires: 2000, claims: ["role": .string("edi\"tor"), "n": .int(3)])
    let ring = try APIKeyring("# keys\n\n\(record.line)\n")
    #expect(ring.count == 1)
    #expect(!record.line.contains(key.text.suffix(43)))
    let caller = try identity(ring, key.text).get()
    #expect(caller == Identity(principal: "reports", claims: ["role": .string("edi\"tor"), "n": .int(3)]))
    #expect(identity(ring, key.text, now: 1999) == .success(caller))
    #expect(identity(ring, key.text, now: 2000) == .failure(.expired("reports")))
  }

  @Test func otherKeysAreNot() throws {
    let key = APIKey.make()
    let ring = try APIKeyring(APIKeyRecord(key, name: "reports").line)
    #expect(identity(ring, APIKey.make().text) == .failure(.unknown))
    // The number of one, the secret of another.
    #expect(identity(ring, String(key.text.prefix(20)) + APIKey.make().text.suffix(43)) == .failure(.wrong))
    let spellings = [
      "", "pk_", key.text + "A", String(key.text.dropLast()), " " + key.text, key.text.uppercased(),
      key.text.replacing("pk_", with: "PK_"), String(key.text.dropFirst(3)), String(key.text.prefix(62)) + "=",
    ]
    for text in spellings { #expect(identity(ring, text) == .failure(.malformed)) }
  }

  @Test(arguments: [
    "x", "[]", "{}", #"{"id": "0"}"#,
    #"{"id": "0123456789abcdeg", "name": "a", "salt": "AAAAAAAAAAAAAAAA", "hash": "AA"}"#,
    #"{"id": "0123456789abcdef", "name": "", "salt": "AAAAAAAAAAAAAAAA", "hash": "AA"}"#,
    #"{"id": "0123456789abcdef", "name": "a", "salt": "", "hash": "AA"}"#,
    #"{"id": "0123456789abcdef", "name": "a", "salt": "AAAAAAAAAAAAAAAA", "hash": "AA"}"#,
  ])
  func aLineThatIsWrong(_ line: String) {
    let error = #expect(throws: APIKeyring.Malformed.self) { try APIKeyring("# first\n\(line)") }
    #expect(error?.line == 2)
  }

  @Test func membersThatAreWrong() throws {
    let line = APIKeyRecord(APIKey.make(), name: "a").line.dropLast()
    for member in [#""expires": "soon""#, #""claims": []"#, #""other": 1"#, #""name": "twice""#] {
      #expect(throws: APIKeyring.Malformed.self) { try APIKeyring("\(line), \(member)}") }
    }
    #expect(throws: APIKeyring.Malformed.self) { try APIKeyring("\(line)}\n\(line)}") }
  }
}

@Suite struct SPIFFEIDTests {
  @Test func workloadsOfTheDomain() {
    let id = "spiffe://example.org/ns/shop/sa/orders-1_a.b"
    #expect(SPIFFEID.workload([id], of: "example.org") == id)
  }

  @Test(arguments: [
    [], ["spiffe://example.org"], ["spiffe://example.org/"], ["spiffe://example.org/a/"], ["spiffe://example.org//a"],
    ["spiffe://example.org/a/../b"], ["spiffe://example.org/."], ["spiffe://example.org.evil/a"],
    ["spiffe://evil.example.org/a"], ["SPIFFE://example.org/a"], ["spiffe://Example.org/a"], ["https://example.org/a"],
    ["spiffe://example.org/a?b"], ["spiffe://example.org/a#b"], ["spiffe://example.org/%61"],
    ["spiffe://example.org:1/a"], ["spiffe://u@example.org/a"], ["spiffe://example.org/a", "spiffe://example.org/b"],
    ["spiffe://example.org/" + String(repeating: "a", count: 2048)],
  ])
  func others(_ uris: [String]) { #expect(SPIFFEID.workload(uris, of: "example.org") == nil) }

  @Test func domains() {
    #expect(SPIFFEID.isTrustDomain("example.org"))
    for text in ["", "Example.org", "spiffe://example.org", "a/b", "a b", "ä"] {
      #expect(!SPIFFEID.isTrustDomain(text))
    }
  }
}
