// Command purser is an order management system: orders from every channel, one
// true stock, the nearest warehouse, payments, shipping, returns and the books.
package main

import (
	"os"
	_ "time/tzdata" // time zones, for machines that have none

	"purser/internal/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:], os.Stdout, os.Stderr)) }
