/// How operations of one step that wait together become one statement, on PostgreSQL.
///
/// A statement by itself costs the server several times what a row more costs a statement: that is where the time of a
/// busy database goes. What an operation means does not change: should the statement fail, each runs by itself.
package enum Gathering: Sendable {
  case reads(ReadGathering)
  case inserts(InsertGathering)
}
