using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace OsMEN.Executions;

/// <summary>Exceptions that mean that the database is unavailable, overloaded or cannot write now.</summary>
public static class StoreFault
{
    /// <summary>
    /// Whether the same call may succeed later. False for a value or a statement that the database refuses, and for a bug in this code.
    /// </summary>
    public static bool Is(Exception error) => error switch
    {
        PostgresException postgres => IsFault(postgres.SqlState),
        SqliteException sqlite => IsFault(sqlite.SqliteErrorCode),

        // Npgsql's other errors are about the connection: it cannot be opened, it broke, or no answer came in time.
        DbException or IOException or SocketException or TimeoutException => true,

        // Npgsql disposes a transaction whose connection broke, and passes on why it broke.
        ObjectDisposedException { InnerException: { } cause } => Is(cause),

        // Npgsql has no type for a message that it does not expect. It closes the connection, so the next call gets another one.
        { Source: "Npgsql" } => error.GetType() == typeof(Exception),
        _ => false,
    };

    /// <summary>Whether the database answers but cannot write: its disk is full or broken, or it is read-only.</summary>
    public static bool RefusesWrites(Exception error) => error switch
    {
        PostgresException postgres => postgres.SqlState is "53100" or "25006" or "58030",
        SqliteException sqlite => sqlite.SqliteErrorCode is 8 or 10 or 13, // READONLY, IOERR, FULL
        _ => false,
    };

    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    private static bool IsFault(string state) => state switch
    {
        // A read-only server: a standby, or a primary that was demoted.
        "25006" => true,

        // No such database (yet); the role or its password is being changed.
        ['3', 'D', ..] or ['2', '8', ..] => true,

        // Connection, transaction to repeat, resources (disk full, memory, connections), locks, operator, system, internal error.
        ['0', '8', ..] or ['4', '0', ..] or ['5', '3' or '5' or '7' or '8', ..] or ['X', 'X', ..] => true,
        _ => false,
    };

    // https://www.sqlite.org/rescode.html
    private static bool IsFault(int code) => code is
        3 // PERM
        or 5 or 6 // BUSY, LOCKED
        or 7 // NOMEM
        or 8 // READONLY
        or 9 // INTERRUPT
        or 10 // IOERR
        or 11 or 26 // CORRUPT, NOTADB
        or 13 // FULL
        or 14 // CANTOPEN
        or 15 or 17; // PROTOCOL, SCHEMA
}
