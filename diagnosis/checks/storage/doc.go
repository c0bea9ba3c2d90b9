// Package storage reports claims that get no volume, and volumes that cannot be mounted, are full or are left over.
package storage
