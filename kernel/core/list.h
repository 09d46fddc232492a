// kernel/core/list.h: circular doubly linked lists through the objects themselves. A node that is
// in no list has a null `next`.
// Ownership:  whoever guards the list guards the nodes in it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

// A head or a node.
struct list {
    struct list *next;
    struct list *prev;
};

// The object of type `type` whose field `field` is the node.
#define LIST_OBJECT(node, type, field) ((type *)(void *)((char *)(node)-offsetof(type, field)))

static inline void list_init(struct list *head) {
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const struct list *head) {
    return head->next == head;
}

static inline bool list_is_linked(const struct list *node) {
    return node->next != 0;
}

static inline void list_append(struct list *head, struct list *node) {
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}

static inline void list_remove(struct list *node) {
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = 0;
    node->prev = 0;
}

// Moves all nodes of `from`, which is not empty, to the end of `to`.
static inline void list_splice(struct list *to, struct list *from) {
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}
