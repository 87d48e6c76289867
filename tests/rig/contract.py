"""The contract as descriptors: every service, method and message, read from proto/ by protoc."""

import functools
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from rig import ROOT

PROTO = ROOT / "proto"
PACKAGE = "radioshop.v1"


@functools.lru_cache(maxsize=None)
def file_set():
    files = sorted(str(p.relative_to(PROTO)) for p in PROTO.rglob("*.proto"))
    with tempfile.NamedTemporaryFile(suffix=".binpb") as out:
        subprocess.run(["protoc", f"-I{PROTO}", "-I/usr/include", "--include_imports", "--include_source_info",
                        f"--descriptor_set_out={out.name}", *files], check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read())


@functools.lru_cache(maxsize=None)
def _pool():
    pool = descriptor_pool.DescriptorPool()
    for file in file_set().file:
        pool.Add(file)
    return pool


@functools.lru_cache(maxsize=None)
def message(full_name):
    """The class of a message, by its full name."""
    return message_factory.MessageFactory(_pool()).GetPrototype(_pool().FindMessageTypeByName(full_name))


class Method:
    def __init__(self, package, service, descriptor):
        self.name = descriptor.name
        self.full_name = f"{service}.{descriptor.name}"
        self.path = f"/{package}.{service}/{descriptor.name}"
        self.request = message(descriptor.input_type.lstrip("."))
        self.reply = message(descriptor.output_type.lstrip("."))
        self.client_streams = descriptor.client_streaming
        self.streams = descriptor.server_streaming

    @property
    def writes(self):
        return "request_id" in self.request.DESCRIPTOR.fields_by_name

    @property
    def pages(self):
        return "page_token" in self.request.DESCRIPTOR.fields_by_name


@functools.lru_cache(maxsize=None)
def methods(package=PACKAGE):
    """Every method of a package, by its short name; the short names are unique."""
    found = {}
    for file in file_set().file:
        if file.package == package:
            for service in file.service:
                for descriptor in service.method:
                    assert descriptor.name not in found
                    found[descriptor.name] = Method(file.package, service.name, descriptor)
    return found


def fill(target, values):
    """Sets fields of a message from plain values: enums by short label ("in_shop"), masks as a list of paths."""
    for name, value in values.items():
        field = target.DESCRIPTOR.fields_by_name[name]
        if field.message_type is not None and field.message_type.full_name == "google.protobuf.FieldMask":
            getattr(target, name).paths.extend(value)
        elif field.label == field.LABEL_REPEATED:
            for item in value:
                if field.message_type is not None:
                    fill(getattr(target, name).add(), item)
                else:
                    getattr(target, name).append(_scalar(field, item))
        elif field.message_type is not None:
            getattr(target, name).SetInParent()
            fill(getattr(target, name), value)
        else:
            setattr(target, name, _scalar(field, value))
    return target


def _scalar(field, value):
    if field.enum_type is None or isinstance(value, int):
        return value
    return field.enum_type.values_by_name[enum_prefix(field.enum_type) + value.upper()].number


def enum_prefix(enum_type):
    return enum_type.values[0].name[:-len("UNSPECIFIED")]


def label(target, name):
    """The short label of an enum field: "in_shop"."""
    field = target.DESCRIPTOR.fields_by_name[name]
    return enum_label(field.enum_type, getattr(target, name))


def enum_label(enum_type, number):
    return enum_type.values_by_number[number].name[len(enum_prefix(enum_type)):].lower()
