"""What AWS says of a value that breaks a rule of its service model: the words are AWS's, the bounds and patterns are botocore's data."""

from .raw import model


def shape_at(service, operation, path):
    """The shape at `ProductionVariants[1].ModelName`, and the path as AWS writes it."""
    shape, words = model(service).operation_model(operation).input_shape, []
    for step in path.split("."):
        name, _, rest = step.partition("[")
        shape = shape.members[name]
        words.append(name[0].lower() + name[1:])
        if rest:
            words += [rest.rstrip("]"), "member"]
            shape = shape.member
    return shape, ".".join(words)


def measure(shape):
    return "value" if shape.type_name in ("integer", "long", "float", "double") else "length"


def rule_of(shape, rule):
    """One rule in AWS's words."""
    facts = shape.metadata
    if rule == "max":
        return f"Member must have {measure(shape)} less than or equal to {facts['max']}"
    if rule == "min":
        return f"Member must have {measure(shape)} greater than or equal to {facts['min']}"
    if rule == "pattern":
        return f"Member must satisfy regular expression pattern: {facts['pattern']}"
    if rule == "enum":
        return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    assert rule == "required"
    return "Member must not be null"


def broken(service, operation, *rules):
    """The whole message for values that break rules: (path, value, rule), in the order of the model."""
    said = []
    for path, value, rule in rules:
        shape, words = shape_at(service, operation, path)
        value = " null" if value is None else f" '{value}'"
        said.append(f"Value{value} at '{words}' failed to satisfy constraint: {rule_of(shape, rule)}")
    plural = "" if len(said) == 1 else "s"
    return f"{len(said)} validation error{plural} detected: " + "; ".join(said)


def required(service, operation):
    """The message for a request without any member."""
    names = model(service).operation_model(operation).input_shape.required_members
    members = [name for name in model(service).operation_model(operation).input_shape.members if name in names]
    return broken(service, operation, *((name, None, "required") for name in members))
