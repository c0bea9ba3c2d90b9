package finding

// Datastore is the detail of EtcdUnhealthy and HostDatastore.
type Datastore struct {
	Full bool // it says that it takes no more writes for want of space
}

// SpaceExceeded is etcd's word for a datastore that is full (api/v3rpc/rpctypes).
const SpaceExceeded = "database space exceeded"
