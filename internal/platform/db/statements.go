package db

import (
	"container/list"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
)

// maxStatements bounds the prepared statements that a connection of SQLite
// keeps; the fixed shapes of our statements are some hundreds.
const maxStatements = 512

// openCached opens a SQLite database whose connections keep the statements they
// have prepared: preparing costs about as much as running a small one.
func openCached(dsn string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	return sql.OpenDB(&statementConnector{plain.Driver(), dsn}), nil
}

type statementConnector struct {
	driver driver.Driver
	dsn    string
}

func (c *statementConnector) Driver() driver.Driver { return c.driver }

func (c *statementConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	full, ok := conn.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("db: %T lacks what the statement cache needs", conn)
	}
	return &cachingConn{sqliteConn: full, idle: map[string]*list.Element{}, order: list.New()}, nil
}

// sqliteConn is what the driver's connections can do.
type sqliteConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// cachingConn keeps prepared statements that nobody is using, the least recently
// used first in order. A statement whose rows are being read is not idle, so
// the same text may run while its rows are open. A connection is used by one
// goroutine at a time.
type cachingConn struct {
	sqliteConn
	idle  map[string]*list.Element
	order *list.List
}

type idleStatement struct {
	query string
	stmt  sqliteStmt
}

// take gives a statement that is idle, or prepares one.
func (c *cachingConn) take(ctx context.Context, query string) (sqliteStmt, error) {
	if e, ok := c.idle[query]; ok {
		delete(c.idle, query)
		return c.order.Remove(e).(idleStatement).stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	full, ok := stmt.(sqliteStmt)
	if !ok {
		_ = stmt.Close()
		return nil, fmt.Errorf("db: %T lacks what the statement cache needs", stmt)
	}
	return full, nil
}

// give takes a statement back that is no longer used.
func (c *cachingConn) give(query string, stmt sqliteStmt) error {
	if _, twice := c.idle[query]; twice {
		return stmt.Close()
	}
	c.idle[query] = c.order.PushBack(idleStatement{query, stmt})
	if c.order.Len() <= maxStatements {
		return nil
	}
	oldest := c.order.Remove(c.order.Front()).(idleStatement)
	delete(c.idle, oldest.query)
	return oldest.stmt.Close()
}

// ExecContext runs a statement, prepared before if it can be.
func (c *cachingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	stmt, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := stmt.ExecContext(ctx, args)
	if err != nil {
		_ = stmt.Close() // its state is not known
		return nil, err
	}
	return result, c.give(query, stmt)
}

// QueryContext runs a query, prepared before if it can be.
func (c *cachingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	stmt, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args)
	if err != nil {
		_ = stmt.Close()
		return nil, err
	}
	full, ok := rows.(sqliteRows)
	if !ok {
		_ = rows.Close()
		return nil, fmt.Errorf("db: %T lacks what the statement cache needs", rows)
	}
	return &cachingRows{sqliteRows: full, conn: c, query: query, stmt: stmt}, nil
}

// Close closes the statements and the connection.
func (c *cachingConn) Close() error {
	for e := c.order.Front(); e != nil; e = e.Next() {
		_ = e.Value.(idleStatement).stmt.Close() // the connection goes with them
	}
	return c.sqliteConn.Close()
}

// sqliteRows is what the driver's rows can do.
type sqliteRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// cachingRows give their statement back when they have been read.
type cachingRows struct {
	sqliteRows
	conn  *cachingConn
	query string
	stmt  sqliteStmt
}

// Close ends the reading.
func (r *cachingRows) Close() error {
	if r.stmt == nil {
		return nil
	}
	stmt := r.stmt
	r.stmt = nil
	if err := r.sqliteRows.Close(); err != nil {
		_ = stmt.Close()
		return err
	}
	return r.conn.give(r.query, stmt)
}
