//go:build !unix

package pgcluster

import "os/exec"

func detach(*exec.Cmd) error { return ErrMissing }

func giveAway(string) error { return ErrMissing }
