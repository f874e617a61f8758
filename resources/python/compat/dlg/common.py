"""Kinds of components."""


class CategoryType:
    DATA, APPLICATION, CONSTRUCT, GROUP = "Data", "Application", "Construct", "Group"
    UNKNOWN, SERVICE, CONTAINER, SOCKET = "Unknown", "Service", "Container", "Socket"
    CONTROL, OTHER = "Control", "Other"
